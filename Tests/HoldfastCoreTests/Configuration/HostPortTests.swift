// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct HostPortTests {
    @Test(
        "A host and a port are told apart",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8080), ("localhost:1", "localhost", 1), (":8080", "", 8080), ("[::1]:8080", "::1", 8080),
            ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535), ("0.0.0.0:0", "0.0.0.0", 0),
        ])
    func reads(_ text: String, _ host: String, _ port: Int) throws {
        let read = try #require(HostPort(text))
        #expect(read.host == host)
        #expect(read.port == port)
        #expect(read.description == text)
        #expect(HostPort(host: host, port: port) == read)
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", ":", "8080", "localhost", "localhost:", "localhost:http", "localhost:-1", "localhost:65536", "localhost:99999999999999999999",
            "localhost:80 ", " localhost:80", "local host:80", "localhost:80:90", "http://localhost:80", "localhost/:80", "localhost:80/",
            "::1", "::1:8080", "[::1]", "[::1", "[::1:80", "::1]:80", "[]:80", "[localhost]:80", "[::1]80", "[::1]x:80", "[[::1]]:80", "a]:80",
            "localhost:+80", "localhost:-0", "localhost:8_0", "localhost:٨٠",
        ])
    func refuses(_ text: String) {
        #expect(HostPort(text) == nil)
    }

    @Test(
        "With a port to fall back on, a host alone will do",
        arguments: [("localhost", "localhost", 80), ("localhost:81", "localhost", 81), ("[::1]", "::1", 80), ("[::1]:81", "::1", 81)])
    func defaultPort(_ text: String, _ host: String, _ port: Int) {
        #expect(HostPort(text, defaultPort: 80) == HostPort(host: host, port: port))
    }

    @Test("A fall-back port mends nothing else", arguments: ["localhost:", "localhost:x", "::1", "a:1:2", "[::1", "[]", "[localhost]"])
    func defaultPortRefuses(_ text: String) {
        #expect(HostPort(text, defaultPort: 80) == nil)
    }

    @Test(
        "Only this machine's own addresses are loopback",
        arguments: [
            ("127.0.0.1", true), ("127.8.9.10", true), ("::1", true), ("localhost", true), ("", false), ("0.0.0.0", false), ("::", false),
            ("10.0.0.1", false), ("128.0.0.1", false), ("example.com", false), ("localhost.example.com", false), ("127.example.com", false),
            ("127.0.0.1.example.com", false),
        ])
    func loopback(_ host: String, _ isLoopback: Bool) {
        #expect(HostPort(host: host, port: 80).isLoopback == isLoopback)
    }

    @Test(
        "Addresses are told from names",
        arguments: [
            ("127.0.0.1", true), ("255.255.255.255", true), ("::1", true), ("fe80::1%eth0", true), ("localhost", false), ("example.com", false),
            ("1.example.com", false), ("256.0.0.1", false), ("", false),
        ])
    func addresses(_ host: String, _ isAddress: Bool) {
        #expect(HostPort.isAddress(host) == isAddress)
    }
}
