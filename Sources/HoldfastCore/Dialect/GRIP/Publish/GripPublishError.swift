// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a publish request is refused, all of it: one bad item rejects the batch. Always answered with 400.
///
/// The texts are Pushpin's wherever it refuses the same thing, for people search for them; what only Holdfast refuses adds what is accepted.
package struct GripPublishError: Error, Equatable, Sendable, CustomStringConvertible {
    /// As in the answer, without the line break at its end.
    package let description: String

    /// Nothing can be read from the body.
    static let notJSON = GripPublishError(description: "Body is not valid JSON.")
    /// The document is no object.
    static let noObject = GripPublishError(description: "Invalid format.")

    static func format(_ detail: String) -> GripPublishError { GripPublishError(description: "Invalid format: \(detail)") }
}
