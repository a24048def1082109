// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What a NATS client says first.
enum NATSConnect {
    /// - Parameter nonce: what the server wants signed, where it does.
    static func json(_ opening: BusOpening, nonce: String?) -> ByteBuffer {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in [("verbose", false), ("pedantic", false), ("echo", false), ("headers", false), ("no_responders", false)] {
            writer.key(escaping: name)
            writer.bool(value)
        }
        writer.key("tls_required")
        writer.bool(opening.encryption == .always)
        var texts = [("name", opening.clientName), ("lang", "swift"), ("version", opening.version)]
        switch opening.login {
        case .none: break
        case .password(let user, let password): texts += [("user", user ?? ""), ("pass", password)]
        case .token(let token): texts.append(("auth_token", token))
        case .credentials(let credentials):
            texts.append(("jwt", credentials.token))
            if let nonce { texts.append(("sig", credentials.signature(of: nonce))) }
        }
        for (name, value) in texts {
            writer.key(escaping: name)
            writer.string(value)
        }
        writer.key("protocol")
        writer.integer(1)
        writer.endObject()
        return writer.buffer
    }
}
