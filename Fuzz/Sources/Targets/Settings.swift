// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// Short texts from files, flags, variables, heads and paths: addresses, durations, names, ids.
///
/// Never a crash. What is accepted is the same when it is written and read again.
enum Settings {
    static let target = FuzzTarget(name: "Settings", maxLength: 200) { input in
        let text = input.text
        again(text, "HostPort") { HostPort($0) }
        again(text, "HostPort with a default port") { HostPort($0, defaultPort: 80) }
        again(text, "ListenAddress") { ListenAddress($0) }
        again(text, "ConnectRate") { ConnectRate($0) }
        again(text, "TargetURL") { TargetURL($0) }
        again(text, "PathPattern") { PathPattern($0) }
        again(text, "NodeName") { NodeName($0) }
        again(text, "ChannelName") { ChannelName($0) }
        again(text, "ConnectionID") { ConnectionID($0) }
        again(text, "size", SettingType<Int>.bytes().parse) { String($0) }
        again(text, "base64", { Base64.decode($0) }, { Base64.encode($0.readableBytesView) })
        again(text, "base64 for URLs", { Base64.decode($0, urlSafe: true) }, { Base64.encode($0.readableBytesView, urlSafe: true) })

        if let url = TargetURL(text) { claim(isLine(url.authority + url.requestTarget(appending: "/7")), "\(url)") }
        if let trace = TraceContext(traceparent: text) {
            var written = ByteBuffer()
            trace.write(span: 0, into: &written)
            claim(TraceContext(traceparent: String(buffer: written)) == trace, "\(trace)")
        }
        if let policy = try? OriginPolicy([text]) { claim(policy.allows([]) && !policy.allows([text, text]), "\(policy)") }
        _ = WebhookSecret(text)
        _ = NearestName.of(text, among: ["webhook", "listen", "target"])
        claim(SourceNetwork(bytes: input.rest) == nil || [4, 16].contains(input.rest.count), "an address of \(input.rest.count) bytes")
    }

    private static func again<Value: Equatable & CustomStringConvertible>(_ text: String, _ what: String, _ read: (String) -> Value?) {
        again(text, what, read) { $0.description }
    }

    private static func again<Value: Equatable>(_ text: String, _ what: String, _ read: (String) -> Value?, _ write: (Value) -> String) {
        guard let value = read(text) else { return }
        let written = write(value)
        claim(
            read(written) == value, "\(what): \"\(text)\" is written as \"\(written)\", which reads as \(read(written).map { "\($0)" } ?? "nothing")")
    }
}
