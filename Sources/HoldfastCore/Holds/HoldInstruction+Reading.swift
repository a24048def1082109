// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension HoldInstruction {
    /// The longest body that is taken where the whole body is needed, in bytes.
    package static let maxBodyBytes = 100_000
    /// Bytes of all the facts that filters go by on one request.
    package static let maxMetaBytes = 4096

    /// Whether a response with these headers is an instruction. One that is not is passed on as it is.
    ///
    /// - Parameter headers: names in lower case.
    package static func isInstructed(_ headers: [OpeningRequest.Field]) -> Bool {
        isDocument(headers) || headers.contains { $0.name.hasPrefix("grip-") }
    }

    /// Whether the instruction is in the body (`application/grip-instruct`), which is then needed as a whole, at most ``maxBodyBytes``.
    ///
    /// - Parameter headers: names in lower case.
    package static func isDocument(_ headers: [OpeningRequest.Field]) -> Bool {
        guard let type = headers.first(where: { $0.name == "content-type" })?.value.prefix(while: { $0 != ";" }) else { return false }
        return type.lowercased().filter { !$0.isWhitespace } == "application/grip-instruct"
    }

    /// Whether the body is needed as a whole, at most ``maxBodyBytes``, before anything is done. Otherwise it may pass as it comes, however long.
    package var needsWholeBody: Bool { mode == .response || rewritesBody }

    /// Whether filters have something to do in the response's own body: a channel has `build-id`.
    var rewritesBody: Bool { channels.contains { $0.filters.contains(GripFilter.buildID.rawValue) } }

    /// Reads an app's response.
    ///
    /// Where neither ``isDocument(_:)`` nor ``needsWholeBody`` holds, the head alone is enough: read it with an empty body, and let the body pass
    /// as it comes.
    ///
    /// - Parameters:
    ///   - reason: as the app wrote it; `nil` or empty for the status's usual phrase.
    ///   - headers: names in lower case.
    ///   - body: whole, or empty.
    ///   - channelPrefix: stands in front of each channel's name that the app says.
    ///   - maxChannels: an instruction with more is refused.
    /// - Returns: `nil` when it is no instruction: the response is passed on as it is.
    /// - Throws: a ``HoldInstructionError``. The client is then answered with ``HeldResponse/failure(_:debug:)``.
    package static func read(
        status: Int, reason: String?, headers: [OpeningRequest.Field], body: ByteBuffer, channelPrefix: String = "", maxChannels: Int = 20
    ) throws(HoldInstructionError) -> HoldInstruction? {
        guard isInstructed(headers) else { return nil }
        var instruction = try HoldHeaderReader(headers: headers, channelPrefix: channelPrefix)
            .read(HeldResponse(status: status, reason: reason == "" ? nil : reason, body: body))
        if isDocument(headers) {
            guard status == 200 else { throw HoldInstructionError("the status of application/grip-instruct must be 200, found \(status)") }
            try instruction.checkBody()
            do throws(DialectError) {
                try HoldDocumentReader(channelPrefix: channelPrefix).read(body, into: &instruction)
            } catch {
                throw HoldInstructionError("application/grip-instruct: \(error)")
            }
        }
        try instruction.check(maxChannels: maxChannels)
        return instruction
    }

    private func checkBody() throws(HoldInstructionError) {
        guard response.body.readableBytes <= Self.maxBodyBytes else {
            throw HoldInstructionError("expected a body of at most \(Self.maxBodyBytes) bytes, found \(response.body.readableBytes)")
        }
    }

    /// What must hold wherever the instruction was written.
    private mutating func check(maxChannels: Int) throws(HoldInstructionError) {
        if needsWholeBody { try checkBody() }
        channels = Self.withoutRepetitions(channels)
        guard channels.count <= maxChannels else {
            throw HoldInstructionError("expected at most \(maxChannels) channels, found \(channels.count)")
        }
        let size = meta.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard size <= Self.maxMetaBytes else { throw HoldInstructionError("expected at most \(Self.maxMetaBytes) bytes of meta, found \(size)") }
        for channel in channels where channel.filters.count > GripFilter.maxPerSubscription {
            throw HoldInstructionError(
                "channel \"\(channel.name)\": expected at most \(GripFilter.maxPerSubscription) filters, found \(channel.filters.count)")
        }
        if mode == .stream, nextLink == nil, let channel = channels.first(where: { $0.previousID != nil }) {
            throw HoldInstructionError(
                "channel \"\(channel.name)\" has a prev-id, so a stream needs a link to what may be missing: Grip-Link with rel=next")
        }
        if mode == .stream || (mode == .none && nextLink != nil), [204, 205, 304].contains(response.status) {
            throw HoldInstructionError("a response that goes on needs a status with a body, found \(response.status)")
        }
    }

    /// Each channel once, in the place of the first mention, with what the last one says.
    private static func withoutRepetitions(_ channels: [Channel]) -> [Channel] {
        var places: [ChannelName: Int] = [:]
        var kept: [Channel] = []
        for channel in channels {
            if let place = places[channel.channel] {
                kept[place] = channel
            } else {
                places[channel.channel] = kept.count
                kept.append(channel)
            }
        }
        return kept
    }

    /// A channel as the app names it.
    static func channel(_ name: String, prefix: String, previousID: String?, filters: [String]) throws(HoldInstructionError) -> Channel {
        guard let own = ChannelName(name), let channel = ChannelName(prefix + name) else { throw HoldInstructionError(ChannelName.rule) }
        let previousID = previousID == "" ? nil : previousID
        if let previousID, !PublicationID.isValid(previousID) { throw HoldInstructionError("prev-id: \(PublicationID.rule)") }
        return Channel(channel: channel, name: own, previousID: previousID, filters: filters)
    }

    /// So many seconds, up to what 32 bits hold, but at least the least; `nil` where it is no such number.
    static func seconds(_ number: Double?, atLeast least: Int) -> Duration? {
        guard let number, let seconds = Int(exactly: number.rounded()), (0...Int(Int32.max)).contains(seconds) else { return nil }
        return .seconds(max(seconds, least))
    }
}
