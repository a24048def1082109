// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ConnectRateTests {
    @Test(
        "A rate is connects per duration",
        arguments: [
            ("30/1m", 30, .seconds(60), "30/60s"), ("1/1s", 1, .seconds(1), "1/1s"), ("1000000/1h", 1_000_000, .seconds(3600), "1000000/3600s"),
            ("5/250ms", 5, .milliseconds(250), "5/250ms"), ("2/1.5s", 2, .milliseconds(1500), "2/1500ms"),
        ] as [(String, Int, Duration, String)])
    func reads(_ text: String, _ connects: Int, _ period: Duration, _ shown: String) throws {
        let rate = try #require(ConnectRate(text))
        #expect(rate.connects == connects)
        #expect(rate.period == period)
        #expect(rate == ConnectRate(connects: connects, period: period))
        #expect(rate.description == shown)
        #expect(ConnectRate(rate.description) == rate, "what is shown can be set")
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "/", "30", "30/", "/1m", "1m", "1m/30", "30/m", "30/1", "30/1m/1", "30//1m", "30/1m/", "/30/1m", "0/1m", "-1/1m", "1000001/1m",
            "99999999999999999999/1m", "1.5/1m", "1e3/1m", "ten/1m", "30/0s", "30/-1s", "30/1d", " 30/1m", "30/1m ", "30 /1m", "30/ 1m", "30:1m",
            "30 per 1m", "off", "٣/1m",
        ])
    func refuses(_ text: String) {
        #expect(ConnectRate(text) == nil)
    }

    @Test("Rates are equal when both numbers are, and the rule says what to write")
    func equality() {
        let rate = ConnectRate(connects: 30, period: .seconds(60))
        #expect(rate != ConnectRate(connects: 31, period: .seconds(60)))
        #expect(rate != ConnectRate(connects: 30, period: .seconds(61)))
        #expect(ConnectRate.rule == "expected connects per duration, such as 30/1m (1 to 1000000), or off")
    }
}
