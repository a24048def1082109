// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension GripFilter {
    /// Runs a subscription's filters over a publication, in order, up to the first one that drops it.
    ///
    /// - Parameters:
    ///   - filters: the subscription's, in its order.
    ///   - contentFilters: what the publication says in `content-filters`; `nil` where it says nothing, which suits every subscription. An empty
    ///     list suits those that change nothing.
    ///   - meta: the connection's.
    ///   - isMember: whether the connection is on the channel of that name.
    ///   - previousID: the id of the last publication on one of the connection's channels, where that is kept; `id_format` can name it.
    ///   - publicationMeta: the publication's.
    ///   - maxBytes: a publication that becomes larger is dropped, for replacing makes much of little.
    package static func outcome(
        of filters: [GripFilter], contentFilters: [String]? = nil, meta: [String: String], isMember: (String) -> Bool,
        previousID: (String) -> String? = { _ in nil }, publicationMeta: [String: String], content: ByteBuffer, maxBytes: Int
    ) -> GripFilterOutcome {
        if let contentFilters {
            let own = filters.filter(\.changesContent).map(\.rawValue)
            guard own == contentFilters else { return .drop(.otherFilters(subscription: own, publication: contentFilters)) }
        }
        var content = content
        for filter in filters {
            do throws(GripFormatError) {
                switch filter {
                case .skipSelf:
                    guard let sender = publicationMeta["sender"] else { break }
                    if isUser(sender.utf8, meta) { return .drop(.unwanted(filter)) }
                case .skipUsers:
                    guard let skipped = publicationMeta["skip_users"] else { break }
                    if skipped.utf8.split(separator: UInt8(ascii: ",")).contains(where: { isUser(trim($0), meta) }) {
                        return .drop(.unwanted(filter))
                    }
                case .requireSub:
                    guard let channel = publicationMeta["require_sub"], !channel.isEmpty else { break }
                    guard isMember(channel) else { return .drop(.unwanted(filter)) }
                case .buildID:
                    content = try withIDs(content, meta: meta, previousID: previousID, maxBytes: maxBytes)
                case .varSubst:
                    content = try GripFormat.fill(content, maxBytes: maxBytes) { directive throws(GripFormatError.Fault) in
                        .text(try directive.variable { meta[$0] })
                    }
                }
            } catch {
                return .drop(.failed(filter, error.description))
            }
        }
        return .pass(content)
    }

    /// The content with ids in it: each is the one in the directive, or else the connection's own, which is made from `id_format`.
    private static func withIDs(
        _ content: ByteBuffer, meta: [String: String], previousID: (String) -> String?, maxBytes: Int
    ) throws(GripFormatError) -> ByteBuffer {
        guard let format = meta["id_format"] else { throw GripFormatError(.missing("the connection's meta has no id_format")) }
        let isHex: Bool
        switch meta["id_encoding"] {
        case nil: isHex = false
        case "hex": isHex = true
        case let unknown?: throw GripFormatError(.missing("the connection's meta has the id_encoding \"\(unknown)\"; accepted: hex"))
        }
        let own = try GripFormat.fill(ByteBuffer(string: format), maxBytes: maxBytes) { directive throws(GripFormatError.Fault) in
            .text(try directive.variable(previousID))
        }
        return try GripFormat.fill(content, maxBytes: maxBytes) { directive throws(GripFormatError.Fault) in
            guard directive.letter == UInt8(ascii: "I") else { throw .unknownDirective(directive.letter) }
            let id = directive.argument ?? own
            return isHex ? .hex(id) : .bytes(id)
        }
    }

    /// Whether that is the connection's user, byte for byte: Swift takes texts for equal that others tell apart. Nobody is the empty user.
    private static func isUser(_ name: some Collection<UInt8>, _ meta: [String: String]) -> Bool {
        guard let user = meta["user"], !user.isEmpty else { return false }
        return name.elementsEqual(user.utf8)
    }

    private static func trim(_ text: Substring.UTF8View) -> Substring.UTF8View {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
