// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HoldfastServer

@Suite struct RequestTargetTests {
    @Test(arguments: [
        ("/", "/", ""), ("/a/b?c=d?e", "/a/b", "c=d?e"), ("/a?", "/a", ""), ("*", "*", ""), ("http://h/a?b", "/a", "b"), ("HTTPS://h:1", "/", ""),
        ("http://h?q", "/", "q"), ("/a://b", "/a://b", ""), ("", "/", ""), ("?q", "/", "q"),
    ])
    func targetIsSplit(text: String, path: String, query: String) {
        let target = RequestTarget(text)
        #expect(target.path == path && target.query == query)
    }
}
