// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct GripReplyFormatTests {
    @Test(
        "Without qualities it chooses as Pushpin does: the last one that is known, and text where both will do",
        arguments: [
            (nil, .text), ("", .text), ("text/plain", .text), ("*/*", .text), ("*", .text), ("text/*", .text), ("application/json", .json),
            ("application/*", .json), ("text/html", nil), ("text/html, application/json", .json), ("application/json, text/plain", .text),
            ("text/plain, application/json", .json), ("application/json,text/plain,*/*", .text), ("text/html, */*", .text),
            ("application/json, */*", .text), ("*/*,application/json", .json), ("text/*, application/json", .json),
            ("application/json, text/*", .text), ("application/*, text/plain", .text), ("application/json, text/html", .json),
            ("text/plain, text/html", .text), ("application/json; charset=utf-8", .json), ("application/json ;q=1", .json),
            (" application/json , text/html", .json), ("application/json,", .json), ("garbage", nil), (",", nil), ("\"", nil), ("*/plain", nil),
            ("*/json", nil), ("application/vnd.api+json", nil),
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", .text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", .text),
            ("application/json;q=0.5, text/plain", .text), ("text/plain;q=0.1, application/json;q=0.9", .json), ("text/html,*/*;q=0.1", .text),
        ] as [(String?, GripReplyFormat?)])
    func asPushpin(_ accept: String?, _ format: GripReplyFormat?) {
        #expect(GripReplyFormat.choose(accept: accept) == format)
    }

    @Test(
        "Qualities count, and so do names in any case",
        arguments: [
            ("application/json;q=0.9, text/plain;q=0.1", .json), ("application/json, */*;q=0.8", .json), ("application/json;q=0", nil),
            ("*/*;q=0", nil), ("text/*;q=0", nil), ("text/plain;q=0, */*", .json), ("*/*, text/plain;q=0, application/*;q=0", nil),
            ("TEXT/PLAIN", .text), ("Application/JSON", .json), ("application/json;Q=0.2, text/plain;q=0.1", .json),
            ("application/json;q=2, text/plain", .text), ("application/json;q=x;charset=utf-8", .json), ("application/json;q=\"", .json),
            ("application/json; v=1; q=0", nil),
            ("text/plain;q=0.0000, application/json;q=0.001", .json), ("application/json;q=nan", .json), ("application/json;q=-1", .json),
        ] as [(String, GripReplyFormat?)])
    func qualities(_ accept: String, _ format: GripReplyFormat?) {
        #expect(GripReplyFormat.choose(accept: accept) == format)
    }
}
