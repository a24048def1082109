// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTPTypes

/// Decides whether a webhook of the `json` dialect comes from the gateway: by Standard Webhooks signatures, or not at all.
///
/// ```swift
/// let verifier = try WebhookVerifier(secrets: ["whsec_…"])
/// let open = WebhookVerifier.unverified    // whoever finds the app's URL is believed
/// ```
///
/// A signature covers the webhook's id, its timestamp, and the whole body. Path, query and other headers are not covered: do not rely on them.
public struct WebhookVerifier: Sendable {
    /// Takes every webhook as it comes. For apps that only the gateway can reach.
    public static let unverified = WebhookVerifier(mode: .unverified)

    private enum Mode: Sendable {
        case unverified
        case signed(keys: [SymmetricKey], tolerance: Int, clock: @Sendable () -> Int)
    }

    private let mode: Mode

    private init(mode: Mode) { self.mode = mode }

    /// - Parameters:
    ///   - secrets: the secret that the gateway has, or several while one is changed for another: any of them will do. Each is `whsec_` and
    ///     24 to 64 bytes in base64.
    ///   - tolerance: by how much the timestamp may differ from now, either way. Default 5 minutes; whole seconds count.
    ///   - clock: seconds since 1970.
    /// - Throws: a ``ConfigurationError`` when there is no secret, or one has another form.
    public init(
        secrets: [String], tolerance: Duration = .seconds(300), clock: @escaping @Sendable () -> Int = WebhookVerifier.systemClock
    ) throws(ConfigurationError) {
        guard !secrets.isEmpty else { throw ConfigurationError("secrets: expected at least one; for none at all, say .unverified") }
        guard tolerance >= .zero else { throw ConfigurationError("tolerance: expected no time or some time, found \(tolerance)") }
        var keys: [SymmetricKey] = []
        for (index, secret) in secrets.enumerated() {
            guard secret.hasPrefix("whsec_"), let bytes = Base64Text.decode(String(secret.dropFirst(6))), (24...64).contains(bytes.count) else {
                throw ConfigurationError("secrets[\(index)]: expected whsec_ followed by 24 to 64 bytes in base64")
            }
            keys.append(SymmetricKey(data: bytes))
        }
        mode = .signed(keys: keys, tolerance: Int(tolerance.components.seconds), clock: clock)
    }

    /// The machine's time, in seconds since 1970.
    public static let systemClock: @Sendable () -> Int = UnixTime.now

    /// What was signed beside the body; `nil` where nothing is checked.
    struct Proof: Sendable, Hashable {
        let id: String
        let timestamp: Int
    }

    /// - Throws: a ``WebhookError`` with the code `signature`.
    func verify(_ headers: HTTPFields, body: [UInt8]) throws(WebhookError) -> Proof? {
        guard case .signed(let keys, let tolerance, let clock) = mode else { return nil }
        let id = try single("webhook-id", in: headers)
        let stamp = try single("webhook-timestamp", in: headers)
        guard stamp.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let timestamp = Int(stamp) else {
            throw WebhookError(.signature, "webhook-timestamp: expected whole seconds since 1970")
        }
        let signatures = try single("webhook-signature", in: headers)
        // A clock of the app's own may say anything, so the difference may not overflow.
        let (age, isAbsurd) = clock().subtractingReportingOverflow(timestamp)
        guard !isAbsurd, age.magnitude <= UInt(tolerance) else {
            let direction = timestamp < clock() ? "old" : "far ahead"
            throw WebhookError(.signature, "webhook-timestamp: too \(direction), more than \(tolerance) s from now")
        }

        let given = signatures.split(separator: " ").filter { $0.hasPrefix("v1,") }.compactMap { Base64Text.decode(String($0.dropFirst(3))) }
        guard !given.isEmpty else { throw WebhookError(.signature, "webhook-signature: expected v1, and base64") }
        for key in keys {
            var code = HMAC<SHA256>(key: key)
            code.update(data: Array("\(id).\(stamp).".utf8))
            code.update(data: body)
            let wanted = code.finalize()
            // This comparison takes the same time wherever the difference is.
            for candidate in given where wanted == candidate { return Proof(id: id, timestamp: timestamp) }
        }
        throw WebhookError(.signature, "webhook-signature: made with another secret, or for another body")
    }

    private func single(_ name: String, in headers: HTTPFields) throws(WebhookError) -> String {
        let values = HTTPField.Name(name).map { headers[values: $0] } ?? []
        guard values.count == 1, let value = values.first, !value.isEmpty else {
            throw WebhookError(.signature, values.count > 1 ? "\(name): more than one" : "\(name): missing; the app expects signed webhooks")
        }
        return value
    }
}
