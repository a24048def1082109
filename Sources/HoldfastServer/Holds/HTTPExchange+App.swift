// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HoldfastCore
import Logging
import NIOCore
import NIOHTTP1

/// The way to the app and back.
extension HTTPExchange: AppCall.Receiver {
    /// Asks the app.
    func callApp(_ purpose: Purpose, _ request: HTTPClientRequest) {
        self.purpose = purpose
        let call = AppCall(self, on: loop)
        self.call = call
        call.start(request, by: proxy.client, isRepeatable: request.body == nil && [.GET, .HEAD, .OPTIONS].contains(request.method))
    }

    /// The client's request, as the app gets it.
    ///
    /// - Parameter gaps: what the client has missed, when the request is made again; `nil` the first time.
    func appRequest(gaps: [HoldGap]?) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: proxy.url(incoming.request.path, query: incoming.request.query))
        request.method = incoming.method
        request.headers = appHeaders(gaps: gaps ?? [])
        if gaps == nil, let body {
            request.body = .stream(body.sequence, length: incoming.bodyLength.map { .known(Int64($0)) } ?? .unknown)
        } else if let keptBody, incoming.hasBody {
            request.body = .bytes(keptBody)
        }
        return request
    }

    /// The client's headers as the app gets them, and those of the gateway.
    func appHeaders(gaps: [HoldGap]) -> HTTPHeaders {
        let own = ProxyHeaders.Incoming(
            headers: incoming.request.headers, remoteAddress: incoming.request.remoteAddress, isTLS: incoming.request.isSecure, isTrusted: isTrusted)
        let fields = ProxyHeaders.toApp(own, settings: proxy.settings)
        var headers = HTTPHeaders()
        headers.reserveCapacity(fields.count + 4)
        headers.add(name: "host", value: proxy.settings.host ?? incoming.request.header("host") ?? proxy.target.authority)
        for field in fields { headers.add(name: field.name, value: field.value) }
        // The GRIP proxy before this one speaks for itself.
        guard !isTrusted else { return headers }
        if let proof = route.proof(at: Int(WallClock.seconds)) { headers.add(name: proof.name, value: proof.value) }
        if !proxy.settings.noGrip { headers.add(name: "grip-feature", value: ProxyHeaders.gripFeature) }
        for gap in gaps { headers.add(name: "grip-last", value: GripLast.value(channel: gap.channel, lastID: gap.lastID)) }
        return headers
    }

    // MARK: What the app does

    func answered(_ head: AppAnswer, to call: AppCall) -> AppCall.BodyUse {
        guard call === self.call else { return .none }
        guard head.status != 101 else {
            callFailed(.interrupted("the app switched protocols unasked"))
            return .none
        }
        waitFor(.app, HTTPProxy.idleTimeout)
        let isInstructed = !isTrusted && !proxy.settings.noGrip && HoldInstruction.isInstructed(head.fields)
        if purpose == .link { return linkAnswered(head, isInstructed: isInstructed) }
        if isInstructed { return instructed(head) }
        if machine != nil {
            carryOut { $0.passedOn() }
            machine = nil
        }
        phase = .passing
        begin(status: head.status, reason: head.reason, clientFields(head.fields))
        return .stream
    }

    func received(_ part: ByteBuffer, from call: AppCall) -> EventLoopFuture<Void> {
        guard call === self.call else { return loop.makeFailedFuture(CancellationError()) }
        if machine == nil { write(part, limit: nil) } else { carryOut { $0.bodyReceived(part, at: .current) } }
        return whenWritable()
    }

    func received(whole: ByteBuffer, from call: AppCall) {
        guard call === self.call else { return }
        self.call = nil
        waitForNobody()
        instructed(withBody: whole)
    }

    func ended(_ call: AppCall) {
        guard call === self.call else { return }
        self.call = nil
        waitForNobody()
        if machine == nil { end(.answered) } else { carryOut { $0.bodyEnded(at: .current) } }
    }

    func failed(_ failure: AppFailure, _ call: AppCall) {
        guard call === self.call else { return }
        callFailed(failure)
    }

    /// A request to the app came to nothing.
    func callFailed(_ failure: AppFailure) {
        call = nil
        waitForNobody()
        switch purpose {
        case .first where machine == nil: failed(failure)
        case .first, .again, .link:
            outcome = failure.outcome
            carryOut { $0.fetchFailed(failure.message, at: .current, jitter: jitter) }
        }
    }

    /// An app's headers as the client gets them.
    func clientFields(_ fields: [OpeningRequest.Field]) -> [OpeningRequest.Field] {
        let passed = ProxyHeaders.toClient(fields)
        guard isTrusted || proxy.settings.noGrip else { return passed }
        // The GRIP proxy before this one reads them.
        return passed.filter { !$0.name.hasPrefix("grip-") } + fields.filter { $0.name.hasPrefix("grip-") }
    }

    var jitter: Double { .random(in: 0..<1, using: &shard.quickRandom) }
}
