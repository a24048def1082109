// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HoldfastCore
import HoldfastWire
import Logging
import NIOCore
import NIOHTTP1

/// Holding: the machine decides, this carries out.
extension HTTPExchange: ChannelListener {
    // MARK: Instructions of the app

    /// The head of an answer that holds instructions has come.
    func instructed(_ head: AppAnswer) -> AppCall.BodyUse {
        instructedHead = head
        guard !HoldInstruction.isDocument(head.fields) else { return .whole(limit: HoldInstruction.maxBodyBytes) }
        guard let instruction = read(head, ByteBuffer()) else { return .none }
        guard !instruction.needsWholeBody else { return .whole(limit: HoldInstruction.maxBodyBytes) }
        obey(instruction, status: head.status, bodyFollows: true)
        return call == nil ? .none : .stream
    }

    /// The whole answer that holds instructions has come.
    func instructed(withBody body: ByteBuffer) {
        guard let head = instructedHead, let instruction = read(head, body) else { return }
        obey(instruction, status: head.status, bodyFollows: false)
    }

    /// A link has answered.
    func linkAnswered(_ head: AppAnswer, isInstructed: Bool) -> AppCall.BodyUse {
        if isInstructed { return instructed(head) }
        outcome = .held
        carryOut { $0.linkAnswered(status: head.status, nil, bodyFollows: true, at: .current, jitter: jitter) }
        return call == nil ? .none : .stream
    }

    private func read(_ head: AppAnswer, _ body: ByteBuffer) -> HoldInstruction? {
        do throws(HoldInstructionError) {
            let instruction = try HoldInstruction.read(
                status: head.status, reason: head.reason, headers: head.fields, body: body, channelPrefix: proxy.settings.channelPrefix,
                maxChannels: limits.maxChannels)
            guard let instruction else { throw HoldInstructionError("the answer holds no instruction") }
            return instruction
        } catch {
            dropCall()
            guard machine != nil else {
                warn("an app's instructions are not understood", error.description)
                respond(.failure(error.description, debug: proxy.settings.debug), .instructions)
                return nil
            }
            outcome = .instructions
            carryOut { $0.misunderstood(error) }
            return nil
        }
    }

    private func obey(_ instruction: HoldInstruction, status: Int, bodyFollows: Bool) {
        guard purpose != .link else {
            return carryOut { $0.linkAnswered(status: status, instruction, bodyFollows: bodyFollows, at: .current, jitter: jitter) }
        }
        phase = .holding
        if machine == nil {
            let target = incoming.request.path + (incoming.request.query.isEmpty ? "" : "?\(incoming.request.query)")
            guard let uri = HoldURI(isTLS: incoming.request.isSecure, authority: incoming.authority, target: target) else {
                return refuse(400, "the Host header and the path do not make a URI")
            }
            machine = HoldMachine(
                uri: uri, implicitChannels: proxy.settings.subscribe, debug: proxy.settings.debug, jitter: jitter,
                maxContentBytes: limits.maxMessageBytes)
        }
        if instruction.mode != .none, !isCountedAsHeld {
            isCountedAsHeld = true
            route.counters.held += 1
        }
        carryOut { [hub = shard.hub!] in $0.begin(instruction, bodyFollows: bodyFollows, at: .current) { hub.lastID(of: $0) } }
        // A drain that came while the app was asked.
        guard isDraining, drainAt == nil else { return }
        outcome = .shutdown
        carryOut { $0.shutdown() }
    }

    // MARK: Facts for the machine

    func heard(_ publication: Publication, _ details: PublicationDetails) -> Bool {
        guard phase == .holding, let before = machine else { return false }
        var after = before
        let orders = after.published(publication, at: shard.now)
        machine = after
        carryOut(orders)
        return !orders.isEmpty
    }

    /// Tells the machine of something that happened, and does what it orders.
    func carryOut(_ happened: (inout HoldMachine) -> [HoldOrder]) {
        guard var machine else { return }
        let orders = happened(&machine)
        self.machine = machine
        carryOut(orders)
    }

    private func carryOut(_ orders: [HoldOrder]) {
        for order in orders where phase != .ended { carryOut(order) }
        if phase != .ended { wake() }
    }

    // MARK: Orders of the machine

    private func carryOut(_ order: HoldOrder) {
        switch order {
        case .subscribe(let channel):
            channels.append(channel)
            shard.listen(self, incoming.slot, to: channel)
        case .unsubscribe(let channel):
            channels.removeAll { $0 == channel }
            shard.stopListening(incoming.slot, to: channel)
        case .forget(let channel): shard.hub.forgetLastID(of: channel)
        case .respond(let response): respond(response, outcome)
        case .begin(let response): begin(status: response.status, reason: response.reason, response.headers)
        case .write(let bytes): write(bytes, limit: limits.sendQueueBytes)
        case .end: end(outcome)
        case .breakOff: cut(outcome == .held ? .interrupted : outcome)
        case .requestAgain(let gaps): askAgain(gaps)
        case .fetch(let uri, let gaps): fetch(uri, gaps)
        case .cancel: dropCall()
        case .postGone(let uri): postGone(uri)
        case .report(let why): warn("a held request is in trouble", why)
        }
    }

    private func dropCall() {
        call?.cancel()
        call = nil
        waitForNobody()
    }

    private func askAgain(_ gaps: [HoldGap]) {
        dropCall()
        guard !incoming.hasBody || keptBody != nil else {
            return failed(.instructions("a request with a body of more than \(HoldInstruction.maxBodyBytes) bytes cannot be made again"))
        }
        waitFor(.app, proxy.timeout)
        callApp(.again, appRequest(gaps: gaps))
    }

    private func fetch(_ uri: HoldURI, _ gaps: [HoldGap]) {
        dropCall()
        waitFor(.app, proxy.timeout)
        callApp(.link, linkRequest(.GET, uri, gaps))
    }

    /// Nobody waits for the answer; it is dropped.
    private func postGone(_ uri: HoldURI) {
        let request = linkRequest(.POST, uri, [])
        let (client, limit) = (proxy.client, TimeAmount.nanoseconds(proxy.timeout.inNanoseconds))
        // It outlives the exchange by the time that the app may take.
        Task { _ = try? await client.execute(request, timeout: limit) }
    }

    /// A request for a link. The client's headers go with it where it leads to the app of this route; anybody else gets none of them.
    private func linkRequest(_ method: HTTPMethod, _ uri: HoldURI, _ gaps: [HoldGap]) -> HTTPClientRequest {
        let isPublic = uri.isTLS == incoming.request.isSecure && uri.authority == incoming.authority.lowercased()
        let isApp = uri.isTLS == proxy.target.isTLS && uri.authority == proxy.target.authority.lowercased()
        var request = HTTPClientRequest(url: isPublic ? proxy.url(uri.path, query: uri.query ?? "") : uri.description)
        request.method = method
        if isPublic || isApp {
            var headers = appHeaders(gaps: gaps)
            for name in ["content-type", "content-encoding", "content-language"] { headers.remove(name: name) }
            request.headers = headers
        } else {
            request.headers = ["user-agent": "holdfast/\(Version.number)"]
            for gap in gaps { request.headers.add(name: "grip-last", value: GripLast.value(channel: gap.channel, lastID: gap.lastID)) }
        }
        return request
    }
}
