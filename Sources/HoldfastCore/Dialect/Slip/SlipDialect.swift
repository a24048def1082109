// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
package import NIOCore

/// SKELETON
package struct SlipDialect: Dialect {
    package let name = DialectName.slip.rawValue
    package let traits = DialectTraits(batches: false, isRepeatable: false, isSigned: false)
    private let settings: SlipSettings

    package init(settings: SlipSettings) { self.settings = settings }

    package func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest { WebhookRequest(body: ByteBuffer()) }

    package func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] { [] }
}
