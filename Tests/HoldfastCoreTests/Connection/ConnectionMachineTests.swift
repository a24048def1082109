// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

// The grid: what each event orders in each state, and the state that follows where it changes. A dash: nothing.
//
// | event           | asking                   | abandoned      | open               | closing             | closed |
// |-----------------|--------------------------|----------------|--------------------|---------------------|--------|
// | appAccepted     | upgrade, open            | end, closed    | –                  | –                   | –      |
// | appRefused      | refuse, closed           | refuse, closed | –                  | –                   | –      |
// | messageReceived | –                        | –              | deliver            | –                   | –      |
// | pingReceived    | –                        | –              | pong               | –                   | –      |
// | closeReceived   | –                        | –              | echoClose, closed  | end clean, closed   | –      |
// | violated        | –                        | –              | fail, closing      | –                   | –      |
// | closeOrdered    | refuseUnasked, abandoned | –              | sendClose, closing | –                   | –      |
// | disconnectOrd.  | refuseUnasked, abandoned | –              | end 1006, closed   | –                   | –      |
// | closeTimedOut   | –                        | –              | –                  | end unclean, closed | –      |
// | peerSilent      | –                        | –              | end 1006, closed   | end unclean, closed | –      |
// | transportClosed | abandoned                | –              | end 1006, closed   | end unclean, closed | –      |
// | remoteAccepted, dialFailed: only of a connection that we dialled, in the other grid                           |        |

struct ConnectionMachineTests {
    enum Place: CaseIterable {
        case asking, abandoned, dialling, open, closing, closed

        /// Those that a client's connection can be in.
        static let inbound: [Place] = [.asking, .abandoned, .open, .closing, .closed]

        /// A machine that is there: abandoned by a client that left, closing by an order of the app.
        var machine: ConnectionMachine {
            var machine = self == .dialling ? ConnectionMachine.dialling : .asking
            switch self {
            case .asking, .dialling: break
            case .abandoned: _ = machine.transportClosed()
            case .open: _ = machine.appAccepted()
            case .closing:
                _ = machine.appAccepted()
                _ = machine.closeOrdered(.goingAway, reason: "going", error: nil, cause: .app)
            case .closed: _ = machine.appRefused()
            }
            return machine
        }

        /// Where a machine is, told by what it does.
        init(of machine: ConnectionMachine) {
            var first = machine
            var second = machine
            if machine.isAsking {
                self = .asking
            } else if machine.isDialling {
                self = .dialling
            } else if machine.isOpen {
                self = .open
            } else if first.appAccepted() != .none {
                self = .abandoned
            } else {
                self = second.closeTimedOut() != .none ? .closing : .closed
            }
        }
    }

    enum Happening: CaseIterable {
        case appAccepted, appRefused, messageReceived, pingReceived, closeReceived, violated, closeOrdered, disconnectOrdered, closeTimedOut
        case peerSilent, transportClosed, remoteAccepted, dialFailed

        func happen(to machine: inout ConnectionMachine) -> ConnectionMachine.Order {
            switch self {
            case .appAccepted: machine.appAccepted()
            case .appRefused: machine.appRefused()
            case .messageReceived: machine.messageReceived()
            case .pingReceived: machine.pingReceived()
            case .closeReceived: machine.closeReceived(CloseCode(4000), reason: "mine")
            case .violated: machine.violated(Violation(.invalidPayload, "not UTF-8"))
            case .closeOrdered: machine.closeOrdered(.normal, reason: "bye", error: "why", cause: .idle)
            case .disconnectOrdered: machine.disconnectOrdered()
            case .closeTimedOut: machine.closeTimedOut()
            case .peerSilent: machine.peerSilent()
            case .transportClosed: machine.transportClosed()
            case .remoteAccepted: machine.remoteAccepted()
            case .dialFailed: machine.dialFailed("nobody there")
            }
        }
    }

    struct Row: CustomTestStringConvertible {
        let place: Place
        let happening: Happening
        let order: ConnectionMachine.Order
        let next: Place

        init(_ place: Place, _ happening: Happening, _ order: ConnectionMachine.Order, _ next: Place) {
            self.place = place
            self.happening = happening
            self.order = order
            self.next = next
        }

        var testDescription: String { "\(place) × \(happening)" }
    }

    private static func going(isClean: Bool, error: String? = nil) -> Ending {
        Ending(code: .goingAway, reason: "going", isClean: isClean, error: error, cause: .app)
    }

    private static let silence = Ending(code: .abnormal, isClean: false, error: "the client did not answer a ping", cause: .silent)

    static let cut = Ending(code: .abnormal, isClean: false, cause: .app)

    private static let grid: [Row] = orders + Place.inbound.flatMap { place in [.remoteAccepted, .dialFailed].map { Row(place, $0, .none, place) } }

    private static let orders: [Row] = [
        Row(.asking, .appAccepted, .upgrade, .open),
        Row(.asking, .appRefused, .refuse, .closed),
        Row(.asking, .messageReceived, .none, .asking),
        Row(.asking, .pingReceived, .none, .asking),
        Row(.asking, .closeReceived, .none, .asking),
        Row(.asking, .violated, .none, .asking),
        Row(.asking, .closeOrdered, .refuseUnasked(Refusal(body: "closed before it was opened\n")), .abandoned),
        Row(.asking, .disconnectOrdered, .refuseUnasked(Refusal(body: "closed before it was opened\n")), .abandoned),
        Row(.asking, .closeTimedOut, .none, .asking),
        Row(.asking, .peerSilent, .none, .asking),
        Row(.asking, .transportClosed, .none, .abandoned),

        Row(.abandoned, .appAccepted, .end(.lost()), .closed),
        Row(.abandoned, .appRefused, .refuse, .closed),
        Row(.abandoned, .messageReceived, .none, .abandoned),
        Row(.abandoned, .pingReceived, .none, .abandoned),
        Row(.abandoned, .closeReceived, .none, .abandoned),
        Row(.abandoned, .violated, .none, .abandoned),
        Row(.abandoned, .closeOrdered, .none, .abandoned),
        Row(.abandoned, .disconnectOrdered, .none, .abandoned),
        Row(.abandoned, .closeTimedOut, .none, .abandoned),
        Row(.abandoned, .peerSilent, .none, .abandoned),
        Row(.abandoned, .transportClosed, .none, .abandoned),

        Row(.open, .appAccepted, .none, .open),
        Row(.open, .appRefused, .none, .open),
        Row(.open, .messageReceived, .deliver, .open),
        Row(.open, .pingReceived, .pong, .open),
        Row(
            .open, .closeReceived, .echoClose(CloseCode(4000), Ending(code: CloseCode(4000), reason: "mine", isClean: true, cause: .client)), .closed),
        Row(.open, .violated, .fail(.invalidPayload, reason: "not UTF-8"), .closing),
        Row(.open, .closeOrdered, .sendClose(.normal, reason: "bye"), .closing),
        Row(.open, .disconnectOrdered, .end(cut), .closed),
        Row(.open, .closeTimedOut, .none, .open),
        Row(.open, .peerSilent, .end(silence), .closed),
        Row(.open, .transportClosed, .end(.lost()), .closed),

        Row(.closing, .appAccepted, .none, .closing),
        Row(.closing, .appRefused, .none, .closing),
        Row(.closing, .messageReceived, .none, .closing),
        Row(.closing, .pingReceived, .none, .closing),
        Row(.closing, .closeReceived, .end(going(isClean: true)), .closed),
        Row(.closing, .violated, .none, .closing),
        Row(.closing, .closeOrdered, .none, .closing),
        Row(.closing, .disconnectOrdered, .none, .closing),
        Row(.closing, .closeTimedOut, .end(going(isClean: false, error: "the client did not answer the close in time")), .closed),
        Row(.closing, .peerSilent, .end(going(isClean: false)), .closed),
        Row(.closing, .transportClosed, .end(going(isClean: false)), .closed),

        Row(.closed, .appAccepted, .none, .closed),
        Row(.closed, .appRefused, .none, .closed),
        Row(.closed, .messageReceived, .none, .closed),
        Row(.closed, .pingReceived, .none, .closed),
        Row(.closed, .closeReceived, .none, .closed),
        Row(.closed, .violated, .none, .closed),
        Row(.closed, .closeOrdered, .none, .closed),
        Row(.closed, .disconnectOrdered, .none, .closed),
        Row(.closed, .closeTimedOut, .none, .closed),
        Row(.closed, .peerSilent, .none, .closed),
        Row(.closed, .transportClosed, .none, .closed),
    ]

    @Test("Each event in each state orders what the grid says", arguments: grid)
    func play(_ row: Row) {
        var machine = row.place.machine
        #expect(Place(of: machine) == row.place)
        let order = row.happening.happen(to: &machine)
        #expect(order == row.order)
        #expect(Place(of: machine) == row.next)
    }

    @Test("The grid has every pair once")
    func gridIsWhole() {
        let pairs = Set(Self.grid.map(\.testDescription))
        #expect(pairs.count == Self.grid.count)
        #expect(pairs.count == Place.inbound.count * Happening.allCases.count)
    }

    @Test("It is reachable while it is asked for or dialled, and while it is open", arguments: Place.allCases)
    func reachability(_ place: Place) {
        #expect(place.machine.isReachable == [.asking, .dialling, .open].contains(place))
        #expect(place.machine.isAsking == (place == .asking))
        #expect(place.machine.isOpen == (place == .open))
    }

    @Test("A client that waits while the gateway shuts down is told to come back")
    func shutdownWhileAsking() {
        var machine = ConnectionMachine.asking
        let order = machine.closeOrdered(.goingAway, reason: "", error: "shutting down", cause: .shutdown)
        guard case .refuseUnasked(let refusal) = order else {
            Issue.record("unexpected: \(order)")
            return
        }
        #expect(refusal.status == 503)
        #expect(refusal.headers == [OpeningRequest.Field(name: "retry-after", value: "1")])
        #expect(!refusal.body.isEmpty)
    }

    @Test("An app that cuts a connection and then says yes to it hears of the end as it was ordered, and no more of the socket's")
    func disconnectedWhileAsking() {
        var machine = ConnectionMachine.asking
        #expect(machine.disconnectOrdered() == .refuseUnasked(Refusal(body: "closed before it was opened\n")))
        #expect(machine.disconnectOrdered() == .none)
        #expect(machine.transportClosed() == .none)
        #expect(machine.appAccepted() == .end(Self.cut))
        #expect(machine.transportClosed() == .none)
    }

    @Test("A connection that is being closed is not cut: the close frame is under way, and its ending stands")
    func disconnectedWhileClosing() {
        var machine = Place.closing.machine
        #expect(machine.disconnectOrdered() == .none)
        #expect(machine.closeReceived(.goingAway, reason: "") == .end(Self.going(isClean: true)))
    }

    @Test("An app that says yes to a client that was sent away meanwhile hears of the end as it was ordered")
    func acceptedTooLate() {
        var machine = ConnectionMachine.asking
        _ = machine.closeOrdered(CloseCode(4001), reason: "bye", error: "why", cause: .shutdown)
        _ = machine.transportClosed()
        let order = machine.appAccepted()
        #expect(order == .end(Ending(code: CloseCode(4001), reason: "bye", isClean: false, error: "why", cause: .shutdown)))
    }

    @Test(
        "The ending of a violation says what was violated, however the socket then goes",
        arguments: [Happening.closeReceived, .closeTimedOut, .transportClosed])
    func violation(_ last: Happening) {
        var machine = Place.open.machine
        _ = machine.violated(Violation(.messageTooBig, "message larger than 10 bytes"))
        let order = last.happen(to: &machine)
        let ending = Ending(
            code: .messageTooBig, reason: "message larger than 10 bytes", isClean: last == .closeReceived, error: "message larger than 10 bytes",
            cause: .violation)
        #expect(order == .end(ending))
    }

    @Test("Whatever happens in whatever order, exactly one order carries an ending, or the client is refused once", arguments: 0..<300)
    func oneEnding(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        var machine = ConnectionMachine.asking
        var orders: [ConnectionMachine.Order] = []
        for _ in 0..<Int.random(in: 0..<30, using: &generator) {
            guard let happening = Happening.allCases.randomElement(using: &generator) else { return }
            orders.append(happening.happen(to: &machine))
        }
        // In the end the socket is gone, and the app has said something.
        orders.append(machine.transportClosed())
        orders.append(generator.oneIn(2) ? machine.appAccepted() : machine.appRefused())
        orders.append(machine.transportClosed())

        let endings = orders.count { order in
            switch order {
            case .end, .echoClose: true
            default: false
            }
        }
        #expect(endings + orders.count { $0 == .refuse } == 1)
        #expect(Place(of: machine) == .closed)
        let begins = orders.count { $0 == .upgrade }
        #expect(begins <= 1)
        if begins == 1 { #expect(endings == 1, "a connection that was opened has an ending") }
        if let end = orders.lastIndex(where: { if case .end = $0 { true } else { false } }) {
            #expect(orders[(end + 1)...].allSatisfy { $0 == .none }, "nothing is ordered after the end")
        }
    }
}
