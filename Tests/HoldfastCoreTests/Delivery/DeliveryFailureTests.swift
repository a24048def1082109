// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct DeliveryFailureTests {
    @Test(
        "Each failure says whether to try again, whether the app may have acted, and what the waiting client is told",
        arguments: [
            (.unreachable("refused"), true, false, "unreachable", 502, "the app cannot be reached: refused"),
            (.timeout(.milliseconds(2500)), true, true, "timeout", 504, "no answer within 2.5 s"),
            (.interrupted("reset by peer"), true, true, "interrupted", 502, "reset by peer"),
            (.stale, true, true, "interrupted", 502, "the kept-alive connection was closed"),
            (.status(500), true, true, "status", 503, "the app answered 500"),
            (.notUnderstood("actions: expected an array"), false, true, "invalid", 502, "actions: expected an array"),
        ] as [(DeliveryFailure, Bool, Bool, String, Int, String)])
    func facts(_ failure: DeliveryFailure, _ isTransient: Bool, _ mayHaveBeenProcessed: Bool, _ label: String, _ status: Int, _ message: String) {
        #expect(failure.isTransient == isTransient)
        #expect(failure.mayHaveBeenProcessed == mayHaveBeenProcessed)
        #expect(failure.label == label)
        #expect(failure.refusal.status == status)
        #expect(failure.message == message)
        #expect(failure.refusal.body.hasSuffix("\n") && failure.refusal.body.count { $0 == "\n" } == 1, "one line for the client")
        #expect(!failure.refusal.body.contains(message), "the client is not told how the app is reached")
    }

    @Test(
        "A status is worth another try when it may pass",
        arguments: [
            (300, false), (302, false), (400, false), (401, false), (404, false), (408, true), (410, false), (413, false), (425, true), (429, true),
            (500, true), (502, true), (503, true), (504, true), (599, true),
        ])
    func statuses(_ status: Int, _ isTransient: Bool) {
        #expect(DeliveryFailure.status(status).isTransient == isTransient)
    }

    @Test(
        "Each failure says whether the app was there",
        arguments: [
            (.unreachable("refused"), true), (.timeout(.seconds(1)), true), (.interrupted("reset"), true), (.stale, true), (.status(408), true),
            (.status(425), true), (.status(429), true), (.status(500), false), (.status(501), false), (.status(502), true), (.status(503), true),
            (.status(504), true), (.status(599), false), (.status(404), false), (.notUnderstood("no JSON"), false),
        ] as [(DeliveryFailure, Bool)])
    func absence(_ failure: DeliveryFailure, _ isAbsence: Bool) {
        #expect(failure.isAbsence == isAbsence)
    }
}
