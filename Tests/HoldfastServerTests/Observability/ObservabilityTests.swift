// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import Testing

@testable import HoldfastServer

@Suite struct ObservabilityTests {
    @Test func histogramPutsADurationIntoTheFirstBucketThatHoldsIt() {
        var histogram = Histogram()
        for seconds in [0.0001, 0.00011, 10, 11] { histogram.record(seconds) }
        #expect(histogram.counts.first == 1)
        #expect(histogram.counts[1] == 1)
        #expect(histogram.counts[Histogram.bounds.count - 1] == 1)
        #expect(histogram.counts.last == 1)
        var sum = histogram
        sum.add(histogram)
        #expect(sum.counts.reduce(0, +) == 8)
    }

    @Test func countersOfTwoLoopsAddUp() {
        var counters = RouteCounters()
        counters.connections = 2
        counters.opened = 3
        counters.webhooks = ["timeout": 1]
        counters.closed(Ending(code: .normal, isClean: true, cause: .client), isOutbound: false)
        var sum = counters
        sum.add(counters)
        #expect(sum.connections == 2)
        #expect(sum.opened == 6)
        #expect(sum.webhooks == ["timeout": 2])
        #expect(sum.closed == [RouteCounters.Closing(codeClass: "normal", cause: .client): 2])
    }

    @Test(arguments: [
        (1000, "normal"), (1001, "normal"), (1005, "normal"), (1006, "lost"), (1009, "error"), (1011, "error"), (3000, "3xxx"), (4999, "4xxx"),
    ])
    func everyCodeHasAClass(code: UInt16, codeClass: String) {
        var counters = RouteCounters()
        counters.closed(Ending(code: CloseCode(code), isClean: true, cause: .app), isOutbound: false)
        #expect(counters.closed.keys.first?.codeClass == codeClass)
    }

    @Test func pageHasAllFamiliesAlsoBeforeAnythingHappened() throws {
        var configuration = GatewayConfiguration()
        let target = try #require(TargetURL("http://app.test/hook"))
        configuration.routes = [RouteConfiguration(name: "chat", path: .all, dialect: .json, target: target)]
        let page = MetricsPage.write(ShardReport(), configuration: configuration, certificates: [], broker: RecordingBroker(), version: "9")
        #expect(page.contains("holdfast_build_info{version=\"9\"} 1\n"))
        #expect(page.contains("holdfast_connections{route=\"chat\",dialect=\"json\",direction=\"inbound\"} 0\n"))
        #expect(page.contains("holdfast_slow_readers_total{route=\"chat\",action=\"close\"} 0\n"))
        #expect(page.contains("holdfast_webhook_duration_seconds_bucket{route=\"chat\",le=\"+Inf\"} 0\n"))
        #expect(page.contains("holdfast_broker_up{broker=\"recording\"} 1\n"))
        #expect(!page.contains("holdfast_cluster_nodes") && !page.contains("holdfast_broker_messages_total"), "it stands alone")
    }

    @Test func nodeOfAClusterShowsHowItsBrokerDoes() {
        var configuration = GatewayConfiguration()
        configuration.cluster.brokers = ["nats://a"]
        var status = BrokerStatus(isUp: false)
        (status.sent, status.received, status.dropped, status.repeated, status.notUnderstood) = (1, 2, 3, 4, 5)
        (status.queuedBytes, status.reconnects, status.channels) = (6, 7, 8)
        let broker = RecordingBroker(members: [NodeMember(name: .standalone, instance: 1, version: "1")], status: status)
        let page = MetricsPage.write(ShardReport(), configuration: configuration, certificates: [], broker: broker, version: "9")
        for line in [
            "holdfast_broker_up{broker=\"recording\"} 0", "holdfast_broker_messages_total{broker=\"recording\",outcome=\"sent\"} 1",
            "holdfast_broker_messages_total{broker=\"recording\",outcome=\"received\"} 2",
            "holdfast_broker_messages_total{broker=\"recording\",outcome=\"dropped\"} 3",
            "holdfast_broker_messages_total{broker=\"recording\",outcome=\"repeated\"} 4",
            "holdfast_broker_messages_total{broker=\"recording\",outcome=\"notUnderstood\"} 5", "holdfast_broker_queue_bytes{broker=\"recording\"} 6",
            "holdfast_broker_reconnects_total{broker=\"recording\"} 7", "holdfast_broker_channels{broker=\"recording\"} 8",
            "holdfast_cluster_nodes{broker=\"recording\"} 2",
        ] {
            #expect(page.contains(line + "\n"), "\(line)")
        }
    }
}
