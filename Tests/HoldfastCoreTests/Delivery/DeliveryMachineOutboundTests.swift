// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// What is different where we dialled: the opening is news and no question, and the app may be asked what to dial.
struct DeliveryMachineOutboundTests {
    private static let limits = ConnectionLimits()
    private static let now = MonotonicTime(nanoseconds: 0)
    private static let opening = Event.open(OpeningRequest(path: "/", query: "", remoteAddress: "", headers: [], protocols: []))

    private static func rules(_ onFailure: WebhookPolicy.OnFailure, isRepeatable: Bool = false) -> DeliveryMachine.RetryRules {
        .init(policy: WebhookPolicy(retries: 0, onFailure: onFailure), isRepeatable: isRepeatable)
    }

    private static func fail(
        _ machine: inout DeliveryMachine, _ onFailure: WebhookPolicy.OnFailure, _ failure: DeliveryFailure
    ) -> DeliveryMachine.Verdict {
        machine.failed(failure, at: now, rules: rules(onFailure), limits: limits, jitter: 0)
    }

    @Test("An app that fails at the opening is treated as one that fails at a message", arguments: WebhookPolicy.OnFailure.allCases)
    func openingFails(_ onFailure: WebhookPolicy.OnFailure) {
        var machine = DeliveryMachine(asksLeave: false)
        _ = machine.occurred(Self.opening, at: Self.now, limits: Self.limits)
        _ = machine.occurred(.message(.text(ByteBuffer(string: "a"))), at: Self.now, limits: Self.limits)
        #expect(machine.next(batches: true)?.count == 1, "the opening comes alone all the same")
        switch (onFailure, Self.fail(&machine, onFailure, .status(500))) {
        case (.close, .close(lost: 1)): break
        case (.drop, .drop(_, lost: 1)): #expect(machine.next(batches: true)?.first?.seq == 2)
        case (_, let verdict): Issue.record("unexpected: \(verdict)")
        }
    }

    @Test("A client's opening that fails is a refusal, as ever")
    func clientsOpeningFails() {
        var machine = DeliveryMachine()
        _ = machine.occurred(Self.opening, at: Self.now, limits: Self.limits)
        _ = machine.next(batches: true)
        #expect(Self.fail(&machine, .drop, .unreachable("no")) == .refuse)
    }

    @Test(
        "A question that fails is given up alone, whatever becomes of messages, and whether or not the app has seen it",
        arguments: WebhookPolicy.OnFailure.allCases, [DeliveryFailure.status(500), .unreachable("no"), .notUnderstood("what?")])
    func questionFails(_ onFailure: WebhookPolicy.OnFailure, _ failure: DeliveryFailure) {
        var machine = DeliveryMachine(asksLeave: false)
        _ = machine.occurred(.ready(DialQuestion()), at: Self.now, limits: Self.limits)
        #expect(machine.next(batches: false)?.map(\.event) == [.ready(DialQuestion())])
        guard case .drop(let progress, lost: 1) = Self.fail(&machine, onFailure, failure) else {
            Issue.record("it is given up")
            return
        }
        #expect(!progress.isFinished && machine.isIdle)
        // It can be asked again, and the second question is the only one.
        _ = machine.occurred(.ready(DialQuestion(failures: 1)), at: Self.now, limits: Self.limits)
        #expect(machine.next(batches: false)?.map(\.event) == [.ready(DialQuestion(failures: 1))])
        #expect(machine.answered(limits: Self.limits) == DeliveryMachine.Progress(relieved: false, isFinished: false))
    }

    @Test("A question is asked again while the app cannot be reached, as far as retries go")
    func questionIsRepeated() {
        var machine = DeliveryMachine(asksLeave: false)
        _ = machine.occurred(.ready(DialQuestion()), at: Self.now, limits: Self.limits)
        _ = machine.next(batches: false)
        let rules = DeliveryMachine.RetryRules(policy: WebhookPolicy(retries: 1, onFailure: .drop), isRepeatable: true)
        guard case .retry = machine.failed(.unreachable("no"), at: Self.now, rules: rules, limits: Self.limits, jitter: 0) else {
            Issue.record("it is repeated")
            return
        }
        #expect(machine.next(batches: false)?.count == 1)
    }
}
