// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

// The grid of a connection that we dial. Where a server would close TCP it leaves that to the peer (after).
//
// | event           | dialling             | open                    | closing                  | closed |
// |-----------------|----------------------|-------------------------|--------------------------|--------|
// | appAccepted     | –                    | –                       | –                        | –      |
// | appRefused      | –                    | –                       | –                        | –      |
// | messageReceived | –                    | deliver                 | –                        | –      |
// | pingReceived    | –                    | pong                    | –                        | –      |
// | closeReceived   | –                    | echoClose after, closed | end clean after, closed  | –      |
// | violated        | –                    | fail, closing           | –                        | –      |
// | closeOrdered    | end unclean, closed  | sendClose, closing      | –                        | –      |
// | disconnectOrd.  | end 1006 now, closed | end 1006 now, closed    | –                        | –      |
// | closeTimedOut   | –                    | –                       | end unclean now, closed  | –      |
// | peerSilent      | –                    | end 1006 now, closed    | end unclean now, closed  | –      |
// | transportClosed | –                    | end 1006 now, closed    | end unclean now, closed  | –      |
// | remoteAccepted  | begin, open          | –                       | –                        | –      |
// | dialFailed      | end 1006 now, closed | –                       | –                        | –      |

extension ConnectionMachineTests {
    /// A machine of a dialled connection that is there.
    private static func dialled(_ place: Place) -> ConnectionMachine {
        var machine = ConnectionMachine.dialling
        guard place != .dialling else { return machine }
        _ = machine.remoteAccepted()
        switch place {
        case .open: break
        case .closing: _ = machine.closeOrdered(.goingAway, reason: "going", error: nil, cause: .app)
        case .closed: _ = machine.transportClosed()
        case .asking, .abandoned, .dialling: preconditionFailure("nobody is asked about a connection that we dialled")
        }
        return machine
    }

    private static func left(isClean: Bool, error: String? = nil) -> Ending {
        Ending(code: .goingAway, reason: "going", isClean: isClean, error: error, cause: .app)
    }

    private static let peersClose = Ending(code: CloseCode(4000), reason: "mine", isClean: true, cause: .remote)

    private static let dialledGrid: [Row] = {
        let silence = Ending(code: .abnormal, isClean: false, error: "the remote did not answer a ping", cause: .silent)
        let late = "the remote did not answer the close in time"
        let nobody = Ending(code: .abnormal, isClean: false, error: "nobody there", cause: .notReached)
        let unwanted = Ending(code: .normal, reason: "bye", isClean: false, error: "why", cause: .idle)
        let orders: [Row] = [
            Row(.dialling, .remoteAccepted, .begin, .open),
            Row(.dialling, .dialFailed, .end(nobody, .now), .closed),
            Row(.dialling, .closeOrdered, .end(unwanted, .now), .closed),
            Row(.dialling, .disconnectOrdered, .end(cut, .now), .closed),
            Row(.open, .messageReceived, .deliver, .open),
            Row(.open, .pingReceived, .pong, .open),
            Row(.open, .closeReceived, .echoClose(CloseCode(4000), peersClose, .afterPeer), .closed),
            Row(.open, .violated, .fail(.invalidPayload, reason: "not UTF-8"), .closing),
            Row(.open, .closeOrdered, .sendClose(.normal, reason: "bye"), .closing),
            Row(.open, .disconnectOrdered, .end(cut, .now), .closed),
            Row(.open, .peerSilent, .end(silence, .now), .closed),
            Row(.open, .transportClosed, .end(.lost(), .now), .closed),
            Row(.closing, .closeReceived, .end(left(isClean: true), .afterPeer), .closed),
            Row(.closing, .closeTimedOut, .end(left(isClean: false, error: late), .now), .closed),
            Row(.closing, .peerSilent, .end(left(isClean: false), .now), .closed),
            Row(.closing, .transportClosed, .end(left(isClean: false), .now), .closed),
        ]
        // All others: nothing.
        let told = Set(orders.map(\.testDescription))
        let rest = [Place.dialling, .open, .closing, .closed].flatMap { place in Happening.allCases.map { Row(place, $0, .none, place) } }
        return orders + rest.filter { !told.contains($0.testDescription) }
    }()

    @Test("Each event in each state of a dialled connection orders what its grid says", arguments: dialledGrid)
    func playDialled(_ row: Row) {
        var machine = Self.dialled(row.place)
        #expect(Place(of: machine) == row.place)
        let order = row.happening.happen(to: &machine)
        #expect(order == row.order)
        #expect(Place(of: machine) == row.next)
    }

    @Test("A connection that is dialled can be reached from the start, and no app is asked for leave")
    func dialledIsReachable() {
        #expect(ConnectionMachine.dialling.isReachable && !ConnectionMachine.dialling.isOpen && !ConnectionMachine.dialling.isAsking)
        #expect(Self.dialled(.open).isOpen && Self.dialled(.open).isReachable)
        #expect(Self.dialledGrid.count == 4 * Happening.allCases.count)
    }

    @Test("The server hangs up at once when both have sent a close frame; the client waits for it (RFC 6455 §7.1.1)", arguments: [true, false])
    func hangsUpFirst(_ isServer: Bool) {
        let expected = isServer ? ConnectionMachine.HangUp.now : .afterPeer
        // The peer closes first.
        var machine = isServer ? Place.open.machine : Self.dialled(.open)
        let close = Ending(code: CloseCode(4000), reason: "mine", isClean: true, cause: isServer ? .client : .remote)
        #expect(machine.closeReceived(CloseCode(4000), reason: "mine") == .echoClose(CloseCode(4000), close, expected))
        #expect(machine.transportClosed() == .none, "the end has been told")
        // We close first.
        machine = isServer ? Place.open.machine : Self.dialled(.open)
        #expect(machine.closeOrdered(.goingAway, reason: "going", error: nil, cause: .app) == .sendClose(.goingAway, reason: "going"))
        #expect(machine.closeReceived(.goingAway, reason: "") == .end(Self.left(isClean: true), expected))
        #expect(machine.transportClosed() == .none)
        // We close after a violation.
        machine = isServer ? Place.open.machine : Self.dialled(.open)
        #expect(machine.violated(Violation(.invalidPayload, "no")) == .fail(.invalidPayload, reason: "no"))
        let ending = Ending(code: .invalidPayload, reason: "no", isClean: true, error: "no", cause: .violation)
        #expect(machine.closeReceived(.invalidPayload, reason: "") == .end(ending, expected))
    }

    @Test("An order to hang up is at once unless it says otherwise")
    func hangUpDefault() {
        #expect(ConnectionMachine.Order.end(.lost()) == .end(.lost(), .now))
        #expect(ConnectionMachine.Order.end(.lost()) != .end(.lost(), .afterPeer))
        #expect(ConnectionMachine.Order.echoClose(.normal, Self.peersClose) == .echoClose(.normal, Self.peersClose, .now))
    }

    @Test("A server and a client in the same state are not the same")
    func roles() {
        #expect(Place.open.machine != Self.dialled(.open))
        #expect(Place.open.machine == Place.open.machine)
    }

    @Test("Whatever happens to a dialled connection, exactly one order carries its ending, and it is never refused", arguments: 0..<200)
    func oneDialledEnding(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        var machine = ConnectionMachine.dialling
        var orders: [ConnectionMachine.Order] = []
        for _ in 0..<Int.random(in: 0..<30, using: &generator) {
            guard let happening = Happening.allCases.randomElement(using: &generator) else { return }
            orders.append(happening.happen(to: &machine))
        }
        orders.append(machine.isDialling ? machine.dialFailed("nobody there") : machine.transportClosed())
        let ends = orders.indices.filter { index in
            switch orders[index] {
            case .end, .echoClose: true
            default: false
            }
        }
        #expect(ends.count == 1)
        #expect(ends.first.map { orders[($0 + 1)...].allSatisfy { $0 == .none } } == true, "nothing is ordered after the end")
        #expect(Place(of: machine) == .closed)
        for order in orders {
            switch order {
            case .refuse, .refuseUnasked, .upgrade: Issue.record("unexpected: \(order)")
            default: break
            }
        }
    }
}
