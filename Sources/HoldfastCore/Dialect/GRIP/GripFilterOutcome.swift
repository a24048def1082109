// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What becomes of a publication for one subscriber, once its subscription's filters have seen it.
package enum GripFilterOutcome: Equatable, Sendable {
    /// It goes out with this content: the publication's own buffer where nothing was replaced.
    case pass(ByteBuffer)
    case drop(Reason)

    /// Why a subscriber does not get a publication.
    package enum Reason: Equatable, Sendable, CustomStringConvertible {
        /// The filter is there for that: nothing is wrong.
        case unwanted(GripFilter)
        /// The publication's `content-filters` are not the subscription's.
        case otherFilters(subscription: [String], publication: [String])
        /// The filter cannot do its work: a mistake of the app.
        case failed(GripFilter, String)

        package var description: String {
            switch self {
            case .unwanted(let filter): "\(filter.rawValue) keeps it back"
            case .otherFilters(let own, let wanted):
                "the subscription's content filters are [\(own.joined(separator: ", "))], the publication's [\(wanted.joined(separator: ", "))]"
            case .failed(let filter, let why): "\(filter.rawValue): \(why)"
            }
        }
    }
}
