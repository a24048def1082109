// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Finds publications that can go out together: of one channel, with nothing between them, and the same message for every subscriber.
package enum PublicationRun {
    /// How much goes together at most, in bytes of content; a longer message goes alone.
    package static let mostBytes = 32 << 10

    /// The publications that a list begins with and that can go out together. One alone may be of any kind.
    ///
    /// - Parameter publication: what an item publishes; `nil` where it is something else.
    /// - Returns: nothing where the list does not begin with a publication.
    package static func first<Items: Collection>(of items: Items, _ publication: (Items.Element) -> Publication?) -> [Publication] {
        guard let start = items.first, let first = publication(start) else { return [] }
        var run = [first]
        guard first.isForAll else { return run }
        var bytes = first.payload.count
        for item in items.dropFirst() {
            guard let next = publication(item), next.isForAll, next.channel == first.channel else { break }
            bytes += next.payload.count
            guard bytes <= mostBytes else { break }
            run.append(next)
        }
        return run
    }
}

extension Publication {
    /// Whether every WebSocket on the channel gets the same message, but for those with filters of their own.
    package var isForAll: Bool { except.isEmpty && (details?.isPlainMessage ?? true) }
}

extension PublicationDetails {
    /// Whether WebSockets get the publication's payload, whatever their filters are.
    package var isPlainMessage: Bool { webSocket == .message && webSocketFilters?.isEmpty ?? true }
}
