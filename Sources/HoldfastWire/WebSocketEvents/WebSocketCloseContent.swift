// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What the content of a close event means: two bytes of code, the higher first, then the reason in UTF-8. Less than two bytes are no code.
package struct WebSocketCloseContent: Equatable, Sendable {
    /// As it was written, which may be a code that no close frame may carry, such as 0; ``CloseCode/none`` where there is none.
    package let code: CloseCode
    /// Empty where there is no code.
    package let reason: String

    package init(code: CloseCode, reason: String) {
        self.code = code
        self.reason = code == .none ? "" : reason
    }

    /// Reads the content of a close event; `nil` and content of less than two bytes have no code. Bad UTF-8 in the reason becomes U+FFFD;
    /// ``WebSocketEventReader`` has refused that before.
    package init(_ content: ByteBuffer?) {
        guard var content, let code = content.readInteger(as: UInt16.self) else {
            self.init(code: .none, reason: "")
            return
        }
        self.init(code: CloseCode(code), reason: String(buffer: content))
    }

    /// The content of a close event that says this; `nil`, for an event without a length, where there is no code.
    package var content: ByteBuffer? {
        guard code != .none else { return nil }
        var content = ByteBufferAllocator().buffer(capacity: 2 + reason.utf8.count)
        content.writeInteger(code.rawValue)
        content.writeString(reason)
        return content
    }
}
