// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a subscription may ask to be done with each publication before its subscriber gets it. The raw value is the name in GRIP.
package enum GripFilter: String, CaseIterable, Sendable {
    /// Not for the subscriber whose meta `user` is the publication's `sender`.
    case skipSelf = "skip-self"
    /// Not for subscribers whose meta `user` is in the publication's list `skip_users`, which commas divide.
    case skipUsers = "skip-users"
    /// Only for subscribers of the channel that the publication's `require_sub` names too.
    case requireSub = "require-sub"
    /// Puts an id, made from the meta `id_format`, in the place of each `%I` in the content.
    case buildID = "build-id"
    /// Puts the meta `NAME` in the place of each `%(NAME)s` in the content.
    case varSubst = "var-subst"

    /// A subscription with more is refused; unknown names count.
    package static let maxPerSubscription = 5

    /// Whether it changes content: a publication may ask that a subscription's list of these is exactly its own.
    package var changesContent: Bool {
        switch self {
        case .skipSelf, .skipUsers, .requireSub: false
        case .buildID, .varSubst: true
        }
    }

    /// The filters of these names, in order. Unknown names are left out: GRIP has them ignored.
    package static func list(_ names: [String]) -> [GripFilter] { names.compactMap(GripFilter.init(rawValue:)) }
}
