// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import HoldfastCore
import HoldfastWire
import NIOCore

/// One connection to a NATS server.
///
/// NATS confirms nothing but PING: a PONG tells that everything before its PING has been taken. So a PING stands behind what is to be confirmed, and
/// what was published before it is known to have arrived when its PONG comes.
struct NATSSession: BusSession {
    static let name = "nats"

    private enum State: Equatable {
        /// Nothing has been said; the server begins.
        case expectingInfo
        /// TLS was asked for.
        case expectingTLS(NATSInfo)
        /// CONNECT and PING have been said.
        case greeting
        case ready
        case failed
    }

    /// What a PONG will tell.
    private struct Mark {
        /// How many publications stand before it.
        let published: Int
        let settles: Bool
    }

    var output = ByteBuffer()
    private(set) var messageLimit = 1 << 20

    private let opening: BusOpening
    private var reader = NATSReader()
    private var state = State.expectingInfo
    private var marks = Deque<Mark>()
    private var published = 0
    private var confirmed = 0
    /// Whether the subscriptions that the session began with are in force.
    private var isSettled = false
    private var subjects: [Int: String] = [:]
    private var numbers: [String: Int] = [:]
    private var lastNumber = 0

    init(_ opening: BusOpening) { self.opening = opening }

    mutating func opened() {}

    mutating func startedTLS() {
        guard case .expectingTLS(let info) = state else { return }
        introduce(to: info)
    }

    mutating func receive(_ bytes: ByteBuffer) -> BusNews {
        var news = BusNews()
        guard state != .failed else { return news }
        reader.append(bytes)
        do throws(BusFailure) {
            while let frame = try reader.next() { try take(frame, &news) }
        } catch {
            state = .failed
            news.failure = error
        }
        return news
    }

    mutating func subscribe(_ subjects: [String]) {
        for subject in subjects where numbers[subject] == nil {
            lastNumber += 1
            numbers[subject] = lastNumber
            self.subjects[lastNumber] = subject
            output.writeString("SUB \(subject) \(lastNumber)\r\n")
        }
    }

    mutating func unsubscribe(_ subjects: [String]) {
        for subject in subjects { if let number = forget(subject) { output.writeString("UNSUB \(number)\r\n") } }
    }

    @discardableResult
    private mutating func forget(_ subject: String) -> Int? {
        guard let number = numbers.removeValue(forKey: subject) else { return nil }
        subjects[number] = nil
        return number
    }

    mutating func settle() { ask(settles: true) }

    mutating func publish(_ message: BusMessage) {
        output.writeNATSPublication(message.subject, message.bytes)
        published += 1
    }

    mutating func mark() {
        guard published > marks.last?.published ?? confirmed else { return }
        ask(settles: false)
    }

    mutating func ping() { ask(settles: false) }

    // MARK: Inside

    private mutating func ask(settles: Bool) {
        marks.append(Mark(published: published, settles: settles))
        output.writeStaticString("PING\r\n")
    }

    private mutating func take(_ frame: NATSFrame, _ news: inout BusNews) throws(BusFailure) {
        switch frame {
        case .message(let number, let bytes):
            // One whose subscription has just ended is not wanted.
            if let subject = subjects[number] { news.messages.append(BusMessage(subject: subject, bytes: bytes)) }
        case .info(let json): try informed(json, &news)
        case .ping: output.writeStaticString("PONG\r\n")
        case .pong: answered(&news)
        case .ok: break
        case .error(let text): try refused(text, &news)
        }
    }

    private mutating func informed(_ json: ByteBuffer, _ news: inout BusNews) throws(BusFailure) {
        guard let info = NATSInfo(json) else { throw .garbled("INFO that is no JSON object") }
        // What came before TLS may be anybody's word, and a node would give its password to whom it names.
        let isTrusted = state != .expectingInfo || !(opening.encryption == .always || info.requiresTLS && opening.encryption == .ifAsked)
        if !info.servers.isEmpty, isTrusted { news.events.append(.servers(info.servers)) }
        if info.maxPayload != messageLimit {
            messageLimit = info.maxPayload
            news.events.append(.messageLimit(messageLimit))
        }
        if info.isLeaving { news.events.append(.leaving) }
        guard state == .expectingInfo else { return }
        switch opening.encryption {
        case .always where !info.offersTLS:
            throw .refused("the server does not speak TLS, which is asked for (tls://, cluster.caFile or cluster.certificateFile)")
        case .always,
            .ifAsked where info.requiresTLS:
            state = .expectingTLS(info)
            news.events.append(.startTLS)
        case .ifAsked, .settled: introduce(to: info)
        }
    }

    /// Says who this node is. The PONG behind it tells that the server agrees.
    private mutating func introduce(to info: NATSInfo) {
        state = .greeting
        output.writeStaticString("CONNECT ")
        output.writeImmutableBuffer(NATSConnect.json(opening, nonce: info.nonce))
        output.writeStaticString("\r\n")
        ask(settles: false)
    }

    private mutating func answered(_ news: inout BusNews) {
        // One that was not asked for tells nothing.
        guard let mark = marks.popFirst() else { return }
        news.confirmed += mark.published - confirmed
        confirmed = mark.published
        if state == .greeting {
            state = .ready
            news.events.append(.ready)
        }
        if mark.settles {
            isSettled = true
            news.events.append(.settled)
        }
    }

    private mutating func refused(_ text: String, _ news: inout BusNews) throws(BusFailure) {
        switch NATSComplaint(text) {
        case .login: throw .refused(NATSComplaint.sentence(text, opening.login))
        case .publication:
            news.refused += 1
            news.events.append(.messageRefused(text))
        case .subscription where isSettled:
            // So that it can be asked for again.
            if let subject = NATSComplaint.subject(in: text) { forget(subject) }
            news.events.append(.subscriptionRefused(text))
        case .other: news.events.append(.complaint(text))
        case .subscription: throw .refused("the server refuses a subscription: \(text)")
        case .fatal: throw .lost("the server ended the connection: \(text)")
        }
    }
}
