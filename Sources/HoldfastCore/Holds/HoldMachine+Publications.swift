// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

// Publications: what becomes of them.
extension HoldMachine {
    /// Something was published on one of the channels.
    package mutating func published(_ publication: Publication, at now: MonotonicTime) -> [HoldOrder] {
        guard let details = publication.details, details.response != nil || details.stream != nil, isOn(publication.channel) else { return [] }
        switch state {
        case .waiting: return deliver(publication, details, at: now)
        case .streaming where isWritable: return deliver(publication, details, at: now)
        case .streaming, .asking, .receiving, .fetching, .retrying:
            guard waiting.count < Self.maxWaiting else {
                defer { isLosing = true }
                return isLosing ? [] : [.report("more than \(Self.maxWaiting) publications wait for a response: some are lost")]
            }
            waiting.append(publication)
            return []
        case .new, .over: return []
        }
    }

    /// The app has answered: what it has taken into account by now does not follow the ids that it says, and is not delivered.
    mutating func skipOutdated() {
        var current: Set<ChannelName> = []
        waiting = waiting.filter { publication in
            if current.contains(publication.channel) { return true }
            guard isOn(publication.channel), follows(publication) else { return false }
            current.insert(publication.channel)
            return true
        }
    }

    /// Delivers what has waited, as far as the response takes it.
    mutating func deliverWaiting(at now: MonotonicTime) -> [HoldOrder] {
        let hasLost = isLosing
        isLosing = false
        var orders: [HoldOrder] = []
        while state == .waiting || (state == .streaming && isWritable), !waiting.isEmpty {
            let publication = waiting.removeFirst()
            guard let details = publication.details, isOn(publication.channel) else { continue }
            orders += deliver(publication, details, at: now)
        }
        if hasLost, !gaps.isEmpty, state == .waiting || (state == .streaming && nextURI != nil) { orders += recover(nil) }
        return orders
    }

    private func isOn(_ channel: ChannelName) -> Bool {
        channels.contains { $0.channel == channel } || (hasImplicitChannels && implicitChannels.contains(channel))
    }

    func follows(_ publication: Publication) -> Bool {
        guard let previous = channels.first(where: { $0.channel == publication.channel })?.previousID else { return true }
        guard let own = publication.details?.previousID else { return false }
        return own.hasBytes(of: previous)
    }

    /// - Precondition: the response takes it now.
    private mutating func deliver(_ publication: Publication, _ details: PublicationDetails, at now: MonotonicTime) -> [HoldOrder] {
        if state == .waiting {
            guard let content = details.response else { return [] }
            return deliver(publication, details, content)
        }
        guard let content = details.stream else { return [] }
        return deliver(publication, details, content, at: now)
    }

    // MARK: Response mode

    private mutating func deliver(_ publication: Publication, _ details: PublicationDetails, _ content: HeldResponseContent) -> [HoldOrder] {
        guard follows(publication) else { return recover(publication.channel) }
        var body = ByteBuffer()
        if content.action == .send {
            switch content.body {
            case .bytes(let bytes): body = bytes
            case .patch(let patch):
                do throws(JSONPatchError) {
                    body = try patched(patch.value)
                } catch {
                    // The app knows better what the client lacks.
                    advance(publication)
                    return [.report("body-patch: \(error)")] + recover(nil)
                }
            }
        }
        switch pass(publication, details, filters: content.filters, body) {
        case .over(let orders): return orders
        case .content(let bytes): body = bytes
        }
        switch content.action {
        case .hint: return recover(nil)
        case .send:
            guard HeldResponse.statuses.contains(content.status) else {
                return fail(
                    "http-response: code: expected \(HeldResponse.statuses.lowerBound) to \(HeldResponse.statuses.upperBound), found \(content.status)"
                )
            }
            return finish(with: [.respond(response(content, body))])
        }
    }

    /// The response that is held, with what was published in its place.
    private func response(_ content: HeldResponseContent, _ body: ByteBuffer) -> HeldResponse {
        let published = Set(content.headers.map(\.name))
        // How the held body was coded says nothing of this one.
        let held = instruction.response.headers.filter { !published.contains($0.name) && $0.name != "content-encoding" }
        return HeldResponse(
            status: content.status, reason: content.reason == "" ? nil : content.reason,
            headers: ProxyHeaders.toHeldClient(HoldHeaderReader.exposing(held + content.headers)), body: body)
    }

    /// The held body with a patch applied; a line end behind it stays.
    private func patched(_ patch: JSONValue) throws(JSONPatchError) -> ByteBuffer {
        let held = instruction.response.body
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONReader.parse(held)
        } catch {
            throw JSONPatchError("the held body is not JSON: \(error)")
        }
        var body = try JSONPatch(patch).apply(to: document, maxBytes: maxContentBytes)
        let end = held.readableBytesView.suffix(2)
        if end.last == 0x0A { body.writeBytes(end.elementsEqual([0x0D, 0x0A]) ? [0x0D, 0x0A] : [0x0A]) }
        return body
    }

    // MARK: Streams

    private mutating func deliver(
        _ publication: Publication, _ details: PublicationDetails, _ content: HeldStreamContent, at now: MonotonicTime
    ) -> [HoldOrder] {
        guard follows(publication) else { return recover(publication.channel) }
        var bytes = ByteBuffer()
        if case .send(let sent) = content.action { bytes = sent }
        switch pass(publication, details, filters: content.filters, bytes) {
        case .over(let orders): return orders
        case .content(let passed): bytes = passed
        }
        switch content.action {
        case .close: return finish(with: [.end])
        case .hint: return nextURI == nil ? [] : recover(nil)
        case .send:
            if instruction.keepAlive?.mode == .idle { startKeepAlive(at: now) }
            if linkAt != nil {
                // A channel may be silent because publications do not reach the gateway: only news on all of them proves that they do.
                activeChannels.insert(publication.channel)
                if activeChannels.isSuperset(of: channels.map(\.channel)) { startLinkTimer(at: now) }
            }
            return bytes.readableBytes > 0 ? [.write(bytes)] : []
        }
    }

    // MARK: Both

    private enum Passage {
        case content(ByteBuffer)
        /// It goes no further.
        case over([HoldOrder])
    }

    /// Runs the subscription's filters over a publication. One that fails there was not delivered, so what comes next does not follow.
    private mutating func pass(_ publication: Publication, _ details: PublicationDetails, filters: [String]?, _ content: ByteBuffer) -> Passage {
        let own = channels.first { $0.channel == publication.channel }?.filters ?? []
        let outcome = GripFilter.outcome(
            of: GripFilter.list(own), contentFilters: filters, meta: instruction.meta,
            isMember: { name in
                channels.contains { $0.name.description.hasBytes(of: name) }
                    || implicitChannels.contains { $0.description.hasBytes(of: name) }
            },
            previousID: { previousID($0, of: channels) }, publicationMeta: details.meta, content: content, maxBytes: maxContentBytes)
        switch outcome {
        case .pass(let bytes):
            advance(publication)
            return .content(bytes)
        case .drop(.unwanted):
            advance(publication)
            return .over([])
        case .drop(let why): return .over(debug ? fail("\(why)") : [.report("\(why)")])
        }
    }

    /// The response takes the publication into account.
    private mutating func advance(_ publication: Publication) {
        guard let place = channels.firstIndex(where: { $0.channel == publication.channel && $0.previousID != nil }) else { return }
        channels[place].previousID = publication.id
    }

    /// Asks the app for what the client lacks.
    ///
    /// - Parameter channel: where publications were missed.
    private mutating func recover(_ channel: ChannelName?) -> [HoldOrder] {
        let forget: [HoldOrder] = channel.map { [.forget($0)] } ?? []
        waiting = []
        if state == .waiting { return forget + askAgain() }
        guard nextURI != nil else { return fail("publications were missed, and there is no next link to fetch them from") }
        return forget + fetch()
    }
}
