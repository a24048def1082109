// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HoldfastCore

@Suite struct MembershipTests {
    private static let own = NodeInstance(.sample("m"), 10)
    private let a = NodeInstance(.sample("a"), 1)
    private let z = NodeInstance(.sample("z"), 2)

    private func words(started: UInt64 = 100, isJoining: Bool = false, lease: Duration = .seconds(10), connections: Int = 0) -> NodeAnnouncement {
        NodeAnnouncement(started: started, lease: lease, version: "1", connections: connections, isJoining: isJoining)
    }

    private func asking() -> Membership {
        var membership = Membership(own: Self.own, started: 100, lease: .seconds(10))
        _ = membership.wentUp(at: .after(.zero))
        _ = membership.join(at: .after(.zero))
        return membership
    }

    /// A member since 0.5 s.
    private func member() -> Membership {
        var membership = asking()
        _ = membership.tick(at: .after(.milliseconds(500)))
        return membership
    }

    /// Time passes: the membership is looked at every 100 ms, as in a gateway.
    ///
    /// - Returns: what it orders, but for its announcements.
    private func pass(_ membership: inout Membership, from start: Duration, to end: Duration) -> [Membership.Order] {
        var orders: [Membership.Order] = []
        var time = start
        while time <= end {
            orders += membership.tick(at: .after(time)).filter { $0 != .announce(asks: false) }
            time += .milliseconds(100)
        }
        return orders
    }

    // MARK: Joining

    @Test("It asks, and is a member when nobody has objected for half a second")
    func joins() {
        var membership = Membership(own: Self.own, started: 100, lease: .seconds(10))
        #expect(membership.state == .outside)
        #expect(membership.tick(at: .after(.zero)) == [])
        #expect(membership.wentUp(at: .after(.zero)) == [])
        #expect(membership.join(at: .after(.seconds(1))) == [.announce(asks: false)])
        #expect(membership.join(at: .after(.seconds(1))) == [])
        #expect(membership.tick(at: .after(.milliseconds(1_400))) == [])
        #expect(membership.tick(at: .after(.milliseconds(1_500))) == [.accepted, .announce(asks: false)])
        #expect(membership.state == .member)
    }

    @Test("It asks when there is a way to the others, and again when there was none in between")
    func asksAgain() {
        var membership = Membership(own: Self.own, started: 100, lease: .seconds(10))
        #expect(membership.join(at: .after(.zero)) == [])
        #expect(membership.tick(at: .after(.seconds(60))) == [])
        #expect(membership.wentUp(at: .after(.seconds(60))) == [.announce(asks: false)])
        membership.wentDown()
        #expect(membership.tick(at: .after(.seconds(61))) == [])
        #expect(membership.wentUp(at: .after(.seconds(62))) == [.announce(asks: false)])
        #expect(membership.tick(at: .after(.milliseconds(62_400))) == [])
        #expect(membership.tick(at: .after(.milliseconds(62_500))) == [.accepted, .announce(asks: false)])
    }

    @Test("An objection to this instance ends it; one to another does not, and none does afterwards")
    func objection() {
        var membership = asking()
        #expect(membership.objected(to: 11) == [])
        #expect(membership.objected(to: 10) == [.refused])
        #expect(membership.state == .refused)
        #expect(membership.objected(to: 10) == [])
        #expect(membership.tick(at: .after(.seconds(9))) == [])
        #expect(membership.wentUp(at: .after(.seconds(9))) == [])
        var other = member()
        #expect(other.objected(to: 10) == [])
        #expect(other.state == .member)
    }

    @Test("A member of its name ends it, too; of two that ask, the one that started later, or else the larger instance, goes")
    func taken() {
        var one = asking()
        #expect(one.announced(words(started: 999), by: NodeInstance(Self.own.name, 5), at: .after(.zero)) == [.refused])
        var two = asking()
        #expect(two.announced(words(started: 101, isJoining: true), by: NodeInstance(Self.own.name, 5), at: .after(.zero)) == [.object(5)])
        #expect(two.announced(words(started: 100, isJoining: true), by: NodeInstance(Self.own.name, 11), at: .after(.zero)) == [.object(11)])
        #expect(two.announced(words(started: 100, isJoining: true), by: NodeInstance(Self.own.name, 9), at: .after(.zero)) == [.refused])
        var three = asking()
        #expect(three.announced(words(started: 99, isJoining: true), by: NodeInstance(Self.own.name, 50), at: .after(.zero)) == [.refused])
        var four = member()
        #expect(four.announced(words(started: 1, isJoining: true), by: NodeInstance(Self.own.name, 50), at: .after(.seconds(1))) == [.object(50)])
    }

    @Test("Its own words that come back are nothing")
    func ownWords() {
        var membership = member()
        #expect(membership.announced(words(), by: Self.own, at: .after(.seconds(1))) == [])
        #expect(!membership.hasClash)
    }

    // MARK: Others

    @Test("A node that asks is answered and is no member; when it is one, it is added and answered")
    func newcomer() {
        var membership = member()
        #expect(membership.announced(words(isJoining: true), by: a, at: .after(.seconds(1))) == [.answer(a.name)])
        #expect(membership.members == [])
        #expect(membership.announced(words(), by: a, at: .after(.seconds(2))) == [.joined(a), .answer(a.name)])
        #expect(membership.announced(words(connections: 4), by: a, at: .after(.seconds(3))) == [])
        #expect(membership.members == [NodeMember(name: a.name, instance: 1, version: "1", connections: 4)])
        #expect(membership.instance(of: a.name) == a)
        #expect(membership.isMember(a))
        #expect(!membership.isMember(NodeInstance(a.name, 9)))
    }

    @Test("One that asks itself answers nobody")
    func silent() {
        var membership = asking()
        #expect(membership.announced(words(), by: a, at: .after(.zero)) == [.joined(a)])
        #expect(membership.announced(words(isJoining: true), by: z, at: .after(.zero)) == [])
    }

    @Test("It announces itself four times in a lease")
    func announces() {
        var membership = member()
        #expect(membership.tick(at: .after(.milliseconds(2_900))) == [])
        #expect(membership.tick(at: .after(.seconds(3))) == [.announce(asks: false)])
        #expect(membership.tick(at: .after(.seconds(4))) == [])
        #expect(membership.tick(at: .after(.milliseconds(5_500))) == [.announce(asks: false)])
        membership.wentDown()
        #expect(membership.tick(at: .after(.seconds(60))) == [])
        #expect(membership.wentUp(at: .after(.seconds(61))) == [.announce(asks: true)])
    }

    @Test("Who has not been heard of for the lease is lost; any message is a sign of life")
    func lost() {
        var membership = member()
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        _ = membership.announced(words(), by: z, at: .after(.seconds(1)))
        membership.heard(a, at: .after(.seconds(9)))
        membership.heard(NodeInstance(z.name, 77), at: .after(.seconds(9)))
        #expect(pass(&membership, from: .seconds(1), to: .milliseconds(10_900)) == [])
        #expect(membership.tick(at: .after(.seconds(11))).contains(.lost(z)))
        #expect(membership.isMember(a))
        #expect(pass(&membership, from: .milliseconds(11_100), to: .milliseconds(18_900)) == [])
        #expect(membership.tick(at: .after(.seconds(19))).contains(.lost(a)))
        #expect(membership.announced(words(), by: a, at: .after(.seconds(20))) == [.joined(a), .answer(a.name)])
    }

    @Test("A node with a longer lease of its own is waited for that long")
    func ownLease() {
        var membership = member()
        _ = membership.announced(words(lease: .seconds(30)), by: a, at: .after(.seconds(1)))
        #expect(pass(&membership, from: .seconds(1), to: .milliseconds(30_900)) == [])
        #expect(membership.tick(at: .after(.seconds(31))).contains(.lost(a)))
    }

    @Test("It judges nobody unless its own way to the others was there for a whole lease")
    func judges() {
        var membership = member()
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        membership.wentDown()
        #expect(membership.tick(at: .after(.seconds(60))) == [])
        _ = membership.wentUp(at: .after(.seconds(60)))
        #expect(pass(&membership, from: .seconds(60), to: .milliseconds(69_900)) == [])
        #expect(membership.tick(at: .after(.seconds(70))).contains(.lost(a)))
    }

    @Test("One that stood still judges nobody until it has listened for a whole lease again")
    func stoodStill() {
        var membership = member()
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        #expect(pass(&membership, from: .seconds(1), to: .seconds(2)) == [])
        #expect(!membership.tick(at: .after(.seconds(30))).contains(.lost(a)), "what it has said meanwhile is not read yet")
        #expect(pass(&membership, from: .milliseconds(30_100), to: .milliseconds(39_900)) == [])
        #expect(membership.tick(at: .after(.seconds(40))).contains(.lost(a)))
    }

    @Test("When its way to the others is back, it waits for a sign of each, and not for ever")
    func waits() {
        var membership = member()
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        _ = membership.announced(words(), by: z, at: .after(.seconds(1)))
        #expect(!membership.isWaiting)
        membership.wentDown()
        #expect(membership.wentUp(at: .after(.seconds(5))) == [.announce(asks: true)])
        #expect(membership.isWaiting)
        membership.heard(a, at: .after(.seconds(5)))
        membership.heard(NodeInstance(z.name, 77), at: .after(.seconds(5)))
        #expect(membership.isWaiting, "another run of it is another node")
        membership.heard(z, at: .after(.seconds(5)))
        #expect(!membership.isWaiting)
        membership.wentDown()
        _ = membership.wentUp(at: .after(.seconds(6)))
        #expect(membership.left(a) == [.left(a)])
        _ = membership.tick(at: .after(.milliseconds(8_400)))
        #expect(membership.isWaiting)
        _ = membership.tick(at: .after(.milliseconds(8_500)))
        #expect(!membership.isWaiting)
        _ = membership.wentUp(at: .after(.seconds(9)))
        membership.wentDown()
        #expect(!membership.isWaiting)
    }

    @Test("Who asks is answered, also by those that know it")
    func asked() {
        var membership = member()
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        var question = words()
        question.asks = true
        #expect(membership.announced(question, by: a, at: .after(.seconds(2))) == [.answer(a.name)])
        #expect(membership.announced(words(), by: a, at: .after(.seconds(2))) == [])
    }

    @Test("A farewell ends it at once, for that instance alone")
    func farewell() {
        var membership = member()
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        #expect(membership.left(NodeInstance(a.name, 99)) == [])
        #expect(membership.left(z) == [])
        #expect(membership.left(a) == [.left(a)])
        #expect(membership.left(a) == [])
        #expect(membership.members == [])
    }

    @Test("A node that crashed and is back replaces what it was: it asked, and nobody objected")
    func restarted() {
        var membership = member()
        let again = NodeInstance(a.name, 100)
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        #expect(membership.announced(words(started: 200, isJoining: true), by: again, at: .after(.seconds(2))) == [.answer(a.name)])
        #expect(membership.isMember(a))
        let orders = membership.announced(words(started: 200), by: again, at: .after(.seconds(3)))
        #expect(orders == [.lost(a), .joined(again), .answer(a.name)])
        #expect(membership.members.map(\.instance) == [100])
    }

    @Test("One that did not ask within hearing replaces nobody who is there")
    func strangers() {
        var membership = member()
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        #expect(membership.announced(words(started: 200), by: NodeInstance(a.name, 100), at: .after(.seconds(2))) == [])
        #expect(membership.isMember(a))
    }

    // MARK: Clashes

    @Test("Of two that have one name, the later one says so, each minute, until the other is gone")
    func clash() {
        var membership = member()
        let rival = NodeInstance(Self.own.name, 3)
        #expect(membership.announced(words(started: 101), by: rival, at: .after(.seconds(1))) == [])
        #expect(!membership.hasClash)
        var time = Duration.seconds(1)
        var complaints = 0
        while time < .seconds(130) {
            _ = membership.announced(words(started: 99), by: rival, at: .after(time))
            complaints += membership.tick(at: .after(time)).count { $0 == .clash }
            time += .seconds(1)
        }
        #expect(complaints == 3)
        #expect(membership.hasClash)
        _ = membership.tick(at: .after(time + .seconds(9)))
        #expect(!membership.hasClash)
    }

    @Test("A rival's farewell ends the clash")
    func rivalLeaves() {
        var membership = member()
        let rival = NodeInstance(Self.own.name, 3)
        _ = membership.announced(words(started: 99), by: rival, at: .after(.seconds(1)))
        #expect(membership.hasClash)
        #expect(membership.left(NodeInstance(Self.own.name, 4)) == [])
        #expect(membership.hasClash)
        #expect(membership.left(rival) == [])
        #expect(!membership.hasClash)
    }

    // MARK: The ring

    @Test("The next name in the ring follows, whether the one before it is there or not")
    func ring() {
        var membership = member()
        #expect(membership.successor(of: Self.own.name) == nil)
        #expect(membership.successor(of: a.name) == Self.own.name)
        _ = membership.announced(words(), by: z, at: .after(.seconds(1)))
        _ = membership.announced(words(), by: a, at: .after(.seconds(1)))
        #expect(membership.members.map(\.name) == [a.name, z.name])
        #expect(membership.successor(of: a.name) == Self.own.name)
        #expect(membership.successor(of: Self.own.name) == z.name)
        #expect(membership.successor(of: z.name) == a.name)
        #expect(membership.successor(of: .sample("b")) == Self.own.name)
        #expect(membership.successor(of: .sample("zz")) == a.name)
    }
}
