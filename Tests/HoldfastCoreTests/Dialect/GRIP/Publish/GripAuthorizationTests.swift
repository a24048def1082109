// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct GripAuthorizationTests {
    private static func basic(_ text: String) -> String { "Basic " + Base64.encode(Array(text.utf8)) }

    @Test(
        "A header is read or unreadable, never taken for none",
        arguments: [
            (nil, .none), ("Bearer abc", .bearer("abc")), ("bearer  abc ", .bearer("abc")), ("BEARER\tabc", .bearer("abc")),
            ("Bearer a.b.c", .bearer("a.b.c")), (basic("user:pass"), .basic(user: "user", password: "pass")),
            (basic(":"), .basic(user: "", password: "")), (basic("u:p:q"), .basic(user: "u", password: "p:q")),
            (basic("é:ü"), .basic(user: "é", password: "ü")), (basic("nocolon"), .unreadable), (basic(""), .unreadable),
            ("", .unreadable), ("Bearer", .unreadable), ("Bearer ", .unreadable), ("Bearer a b", .unreadable), ("Basic", .unreadable),
            ("Basic b'dXNlcjpwYXNz'", .unreadable), ("Basic dXNlcjpwYXNz=", .unreadable), ("Basic dXM6/w==", .unreadable),
            ("Basic dXM6", .basic(user: "us", password: "")), ("Digest abc", .unreadable), ("abc", .unreadable), ("Bearerabc", .unreadable),
        ] as [(String?, GripAuthorization)])
    func reading(_ header: String?, _ authorization: GripAuthorization) {
        #expect(GripAuthorization(header: header) == authorization)
    }

    @Test(
        "A token looks like a JWT or not",
        arguments: [
            ("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", true), ("e30.e30.AA", true), ("e30..AA", false), ("e30.e30.", false), (".e30.AA", false),
            ("e30.e30", false), ("e30.e30.AA.AA", false), ("W10.e30.AA", false), ("AAAA.e30.AA", false), ("e30.e3+.AA", false),
            ("e30.e30.AA==", false), ("", false), ("..", false), ("key", false), ("a.b.c", false),
        ])
    func tokens(_ token: String, _ isJWT: Bool) {
        #expect(GripAuthorization.looksLikeJWT(token) == isJWT)
    }
}
