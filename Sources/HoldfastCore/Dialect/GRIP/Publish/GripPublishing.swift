// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// GRIP's control API, from a request to what it asks for and how it is answered.
package struct GripPublishing: Sendable {
    private let maxMessageBytes: Int

    /// - Parameter maxMessageBytes: the longest message that is taken.
    package init(maxMessageBytes: Int) {
        self.maxMessageBytes = maxMessageBytes
    }

    /// - Returns: one action for each item, in order; `nil` when the request is not of this API.
    package func command(from request: ControlRequest) -> ControlCommand? {
        switch GripControlRoute.of(request) {
        case .notOurs: return nil
        case .answer(let reply): return ControlCommand(actions: []) { _ in reply }
        // A held request asks by itself as soon as it sees that it has missed something.
        case .recover(let format): return ControlCommand(actions: []) { _ in GripPublishReply.updated(format) }
        case .publish(let format):
            do throws(GripPublishError) {
                let publications = try GripPublishReader.read(request.body, maxMessageBytes: maxMessageBytes)
                return ControlCommand(actions: publications.map(Action.publish)) { GripPublishReply.published(format, $0) }
            } catch {
                return ControlCommand(actions: []) { _ in GripPublishReply.invalid(error) }
            }
        }
    }
}
