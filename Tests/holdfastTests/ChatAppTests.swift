// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import holdfast

/// The example app's answers, as text; and that they are actions that the gateway understands.
@Suite struct ChatAppTests {
    @Test(arguments: [
        (
            "{\"connection\":{\"query\":\"name=Ann+Lee%21\",\"state\":{}},\"events\":[{\"type\":\"open\"}]}",
            "{\"actions\":[{\"type\":\"setState\",\"state\":{\"user\":\"Ann Lee!\"}},{\"type\":\"subscribe\",\"channel\":\"lobby\"},"
                + "{\"type\":\"publish\",\"channel\":\"lobby\",\"json\":{\"notice\":\"Ann Lee! joined\"}}]}"
        ),
        (
            "{\"connection\":{\"query\":\"\",\"state\":{\"user\":\"Bo\"}},\"events\":[{\"type\":\"message\",\"text\":\"hi\"},{\"type\":\"close\"}]}",
            "{\"actions\":[{\"type\":\"publish\",\"channel\":\"lobby\",\"json\":{\"from\":\"Bo\",\"text\":\"hi\"}},"
                + "{\"type\":\"publish\",\"channel\":\"lobby\",\"json\":{\"notice\":\"Bo left\"}}]}"
        ),
        ("{\"connection\":{\"query\":\"\",\"state\":{}},\"events\":[{\"type\":\"message\",\"base64\":\"AA==\"}]}", "{\"actions\":[]}"),
    ])
    func answers(webhook: String, expected: String) throws {
        let answer = try ChatApp.answer(to: ByteBuffer(string: webhook))
        #expect(String(buffer: answer) == expected)
        _ = try JSONActionReader.read(answer, from: .answer)
    }
}
