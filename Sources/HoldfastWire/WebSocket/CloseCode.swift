// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A WebSocket close code (RFC 6455 §7.4 and the IANA registry).
package struct CloseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = CloseCode(1000)
    package static let goingAway = CloseCode(1001)
    package static let protocolError = CloseCode(1002)
    package static let unsupportedData = CloseCode(1003)
    /// Never on the wire: stands for a close frame without a code.
    package static let none = CloseCode(1005)
    /// Never on the wire: stands for a socket that was lost without a close frame.
    package static let abnormal = CloseCode(1006)
    package static let invalidPayload = CloseCode(1007)
    package static let policyViolation = CloseCode(1008)
    package static let messageTooBig = CloseCode(1009)
    package static let internalError = CloseCode(1011)
    package static let serviceRestart = CloseCode(1012)
    package static let tryAgainLater = CloseCode(1013)

    /// Whether a peer may send this code in a close frame: 1000–1003, 1007–1014 and 3000–4999.
    package var isAllowedOnWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// Whether an app may order a close with this code: 1000, 1001, 1003, 1007–1014 and 3000–4999. 1002 is the gateway's own verdict.
    package var isAllowedFromApp: Bool { isAllowedOnWire && rawValue != 1002 }

    /// The longest reason in bytes: a control frame's 125 bytes less the code (RFC 6455 §5.5).
    package static let maxReasonBytes = 123

    package var description: String { String(rawValue) }
}
