// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ListenAddressTests {
    @Test(
        "An address may say whether TLS is spoken there",
        arguments: [
            (":8080", nil, "", 8080), ("127.0.0.1:80", nil, "127.0.0.1", 80), ("[::1]:80", nil, "::1", 80),
            ("ws://:8080", .ws, "", 8080), ("ws://127.0.0.1:80", .ws, "127.0.0.1", 80), ("ws://[::1]:0", .ws, "::1", 0),
            ("wss://:8443", .wss, "", 8443), ("wss://localhost:1", .wss, "localhost", 1), ("wss://[fe80::1%eth0]:65535", .wss, "fe80::1%eth0", 65535),
        ] as [(String, ListenAddress.Scheme?, String, Int)])
    func reads(_ text: String, _ scheme: ListenAddress.Scheme?, _ host: String, _ port: Int) throws {
        let read = try #require(ListenAddress(text))
        #expect(read.scheme == scheme)
        #expect(read.address == HostPort(host: host, port: port))
        #expect(read == ListenAddress(HostPort(host: host, port: port), scheme: scheme))
        #expect(read.description == text)
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "ws", "ws:", "ws:/", "ws://", "wss://", "://", "://:80", "ws//:80", "ws:/:80", "ws:///:80", "WS://:80", "Wss://:80", " ws://:80",
            "ws ://:80",
            "ws:// :80", "http://:80", "https://:80", "tls://:80", "wsss://:80", "ws://ws://:80", "wss://ws://:80", ":80://", "ws://localhost",
            "ws://:80/", "ws://:80/chat", "ws://:80?x", "ws://user@:80/", "wss://::1:80", "wss://[::1]", "ws://:65536", "ws://:+80", "8080",
            "localhost",
        ])
    func refuses(_ text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test("Addresses differ by their scheme too, and by whether there is one")
    func equality() {
        let address = HostPort(host: "", port: 80)
        let all = [ListenAddress(address), ListenAddress(address, scheme: .ws), ListenAddress(address, scheme: .wss)]
        #expect(Set(all).count == 3)
        #expect(ListenAddress.rule == HostPort.rule + "; with ws:// or wss:// in front to leave TLS out or demand it")
    }

    @Test(
        "TLS is spoken where it is said, else where there is a certificate",
        arguments: [(":80", false, false), (":80", true, true), ("ws://:80", true, false), ("ws://:80", false, false), ("wss://:80", true, true)])
    func isTLS(_ text: String, _ hasCertificate: Bool, _ isTLS: Bool) throws {
        var configuration = GatewayConfiguration()
        if hasCertificate { configuration.tls = TLSFiles(certificateFile: "a", keyFile: "b") }
        #expect(configuration.isTLS(try #require(ListenAddress(text))) == isTLS)
    }
}
