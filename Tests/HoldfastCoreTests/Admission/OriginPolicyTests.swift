// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct OriginPolicyTests {
    @Test(
        "An origin is let in when it matches one of the list",
        arguments: [
            // Exact: scheme, host and port.
            ("https://example.com", "https://example.com", true),
            ("https://example.com", "HTTPS://EXAMPLE.COM", true),
            ("HTTPS://Example.COM", "https://example.com", true),
            ("https://example.com", "http://example.com", false),
            ("https://example.com", "https://example.com:8443", false),
            ("https://example.com", "https://www.example.com", false),
            ("https://example.com", "https://example.com.evil.net", false),
            ("https://example.com", "https://notexample.com", false),
            ("https://example.com:8443", "https://example.com:8443", true),
            ("https://example.com:8443", "https://example.com", false),
            ("https://example.com:443", "https://example.com", true),
            ("http://example.com:80", "http://example.com", true),
            ("http://example.com:443", "http://example.com", false),
            ("http://localhost:3000", "http://localhost:3000", true),
            ("http://[::1]:3000", "http://[::1]:3000", true),
            ("http://[::1]", "http://[::1]:3000", false),
            // All hosts below one, not that one itself.
            ("https://*.example.com", "https://www.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "http://www.example.com", false),
            ("https://*.example.com", "https://www.example.com:8443", false),
            ("https://*.example.com", "https://wwwexample.com", false),
            ("https://*.example.com", "https://example.com.evil.net", false),
            ("https://*.example.com", "https://evil.net/.example.com", false),
            ("https://*.example.com", "https://evil.net?.example.com", false),
            ("https://*.example.com", "https://evil.net#.example.com", false),
            ("https://*.example.com", "https://user@www.example.com", false),
            ("https://*.example.com:8443", "https://www.example.com:8443", true),
            ("https://*.example.com:8443", "https://www.example.com", false),
            // Without a scheme: any scheme, and any port where none is given.
            ("*.example.com", "https://www.example.com", true),
            ("*.example.com", "http://www.example.com:8080", true),
            ("example.com", "http://example.com:8080", true),
            ("example.com:8080", "http://example.com:8080", true),
            ("example.com:8080", "http://example.com", false),
            ("*.example.com", "https://example.com", false),
            // What is no origin matches nothing.
            ("https://example.com", "null", false),
            ("*.example.com", "null", false),
            ("example.com", "example.com", false),
            ("example.com", "://example.com", false),
            ("*.example.com", "https://*.example.com", false),
            ("https://example.com", "", false),
            ("https://example.com", "file://", false),
            ("https://example.com", "https://example.com, https://example.com", false),
            ("https://example.com", "https://example.com https://evil.net", false),
            ("https://example.com", "https://example.com:port", false),
        ])
    func table(_ listed: String, _ origin: String, _ isAllowed: Bool) throws {
        #expect(try OriginPolicy([listed]).allows([origin]) == isAllowed)
    }

    @Test("One match in the list is enough")
    func list() throws {
        let policy = try OriginPolicy(["https://one.example", "*.two.example"])
        #expect(policy.allows(["https://one.example"]))
        #expect(policy.allows(["http://a.two.example"]))
        #expect(!policy.allows(["https://three.example"]))
    }

    @Test("A request without the header is not from a browser and is let in; several headers are from nobody honest")
    func count() throws {
        let policy = try OriginPolicy(["https://example.com"])
        #expect(policy.allows([]))
        #expect(!policy.allows(["https://example.com", "https://example.com"]))
        #expect(!policy.allows(["https://example.com", "https://evil.net"]))
    }

    @Test("Without a list every origin is let in", arguments: [[], ["null"], ["https://evil.net"], ["a", "b"]])
    func any(_ origins: [String]) throws {
        #expect(OriginPolicy.any.allows(origins))
        #expect(try OriginPolicy([]) == .any)
        #expect(OriginPolicy.any.description == "any")
    }

    @Test(
        "A text that is no origin cannot be listed",
        arguments: [
            "", "*", "https://", "://example.com", "https://*", "https://example.com/", "https://example.com/path", "https://ex*mple.com",
            "https://*.*.com", "https://user@example.com", "https://example.com:", "https://example.com:port", "https://example.com:65536",
            "https://a b.com", "https://example.com?x", "https://example.com#x",
        ])
    func refuses(_ text: String) {
        let error = #expect(throws: OriginError.self) { try OriginPolicy(["https://good.example", text]) }
        #expect(error?.text == text)
        #expect(error?.description == "\"\(text)\": \(OriginError.rule)")
    }

    @Test("It is described as configuration writes it")
    func description() throws {
        #expect(try OriginPolicy(["https://Example.com", "*.two.example"]).description == "[\"https://Example.com\", \"*.two.example\"]")
    }
}
