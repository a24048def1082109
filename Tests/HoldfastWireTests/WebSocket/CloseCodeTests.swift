// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct CloseCodeTests {
    @Test("Exactly the codes that the RFC and the registry allow may be on the wire")
    func wire() {
        let allowed = (UInt16.min...UInt16.max).filter { CloseCode($0).isAllowedOnWire }
        #expect(allowed == [1000, 1001, 1002, 1003] + Array(1007...1014) + Array(3000...4999))
    }

    @Test("An app may order all of them but 1002, the gateway's own verdict")
    func app() {
        let allowed = (UInt16.min...UInt16.max).filter { CloseCode($0).isAllowedFromApp }
        #expect(allowed == [1000, 1001, 1003] + Array(1007...1014) + Array(3000...4999))
    }

    @Test(
        "The named codes have the numbers of the registry",
        arguments: [
            (CloseCode.normal, 1000), (.goingAway, 1001), (.protocolError, 1002), (.unsupportedData, 1003), (.none, 1005), (.abnormal, 1006),
            (.invalidPayload, 1007), (.policyViolation, 1008), (.messageTooBig, 1009), (.internalError, 1011), (.serviceRestart, 1012),
            (.tryAgainLater, 1013),
        ] as [(CloseCode, UInt16)])
    func names(_ code: CloseCode, _ number: UInt16) {
        #expect(code.rawValue == number)
        #expect(code.description == String(number))
        #expect(code == CloseCode(rawValue: number))
    }

    @Test("Two codes have names but are never on the wire", arguments: [CloseCode.none, .abnormal])
    func never(_ code: CloseCode) {
        #expect(!code.isAllowedOnWire)
        #expect(!code.isAllowedFromApp)
    }

    @Test("A reason and its code fill a control frame")
    func reason() { #expect(CloseCode.maxReasonBytes + 2 == 125) }
}
