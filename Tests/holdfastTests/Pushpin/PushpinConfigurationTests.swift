// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite("Files of Pushpin as a configuration") struct PushpinConfigurationTests {
    private func configuration(routes: String, conf: String) throws -> GatewayConfiguration {
        var root = ConfigurationNode.empty
        _ = try PushpinImport.apply(
            routes: try PushpinRoutes.parse(routes, file: "routes"), conf: try PushpinConf.parse(conf, file: "pushpin.conf"), to: &root)
        return try GatewayConfiguration.read(root)
    }

    @Test func everySettingIsOneOfOurs() throws {
        let routes = """
            example.com,path_beg=/api,replace_beg=/v1,id=api,sig_iss=me,sig_key=own,prefix=p-,orig_headers,as_host=app.test,debug,header=X-A:1,no_grip,aco \
            app:8000,over_http,ssl,sub=news
            *,path_beg=/api,path_rem=4 other:9000,over_http
            """
        let conf = """
            [runner]
            http_port=8000
            client_maxconn=10
            client_buffer_size=4096
            allow_compression=false
            log_level=1
            [proxy]
            auto_cross_origin=false
            accept_x_forwarded_protocol=true
            set_x_forwarded_protocol=false
            x_forwarded_for=truncate:0,append
            cdn_loop=gateway
            sig_key=base64:c2VjcmV0
            upstream_key=up
            [handler]
            push_in_http_port=9001
            push_in_http_max_body_size=5000000
            message_wait=250
            connection_subscription_max=7
            """
        let configuration = try configuration(routes: routes, conf: conf)
        #expect(configuration.listen.map(\.description) == [":8000"])
        #expect(configuration.control.description == "127.0.0.1:9001")
        #expect(configuration.maxConnections == 10)
        #expect(configuration.maxHeadBytes == 4096)
        #expect(configuration.logLevel == .warning)
        try #require(configuration.routes.count == 2)

        let api = configuration.routes[0]
        #expect(api.name == "api")
        #expect(api.host == "example.com")
        #expect(api.path == PathPattern("/api*"))
        #expect(api.dialect == .grip)
        #expect(api.target?.description == "https://app:8000")
        #expect(api.limits.maxChannels == 7)
        #expect(api.webhook.maxAnswerBytes == 5_000_000)
        #expect(!api.compression.isEnabled)
        #expect(api.grip.sigIss == "me")
        #expect(api.grip.sigKey != nil)
        #expect(api.grip.upstreamKey != nil)
        #expect(api.grip.channelPrefix == "p-")
        #expect(api.grip.replacePrefix == "/v1")
        #expect(api.grip.host == "app.test")
        #expect(api.grip.setHeaders == [OpeningRequest.Field(name: "x-a", value: "1")])
        #expect(api.grip.subscribe.map(\.description) == ["news"])
        #expect(api.grip.originHeaders && api.grip.noGrip && api.grip.debug && api.grip.crossOrigin)

        let other = configuration.routes[1]
        #expect(other.host == nil)
        #expect(other.grip.replacePrefix == "")
        #expect(other.grip.sigIss == "pushpin")
        #expect(other.grip.xForwardedFor == "truncate:0,append")
        #expect(!other.grip.xForwardedProto)
        #expect(other.grip.acceptXForwardedProto)
        #expect(other.grip.cdnLoop == "gateway")
        #expect(other.grip.messageWait == .milliseconds(250))
        #expect(!other.grip.originHeaders && !other.grip.noGrip && !other.grip.debug && !other.grip.crossOrigin)
    }

    /// What only our own reading finds names the file of Pushpin.
    @Test(arguments: [
        ("* test", "[runner]\nlog_level=2", "routes:1: routes: no route"),
        ("* app:1\nx.test,header=\"a b:c\" app:1", "", "routes:2: routes[1].grip.setHeaders[0]: "),
        ("* app:1", "[proxy]\nx_forwarded_for=prepend", "pushpin.conf:2: grip.xForwardedFor: "),
        ("* app:1", "[handler]\npush_in_http_addr=0.0.0.0", "pushpin.conf:2: control"),
    ])
    func laterFaultsHaveTheirPlace(routes: String, conf: String, start: String) throws {
        let found = faults { _ = try configuration(routes: routes, conf: conf) }
        #expect(found.count == 1)
        #expect(try #require(found.first).description.hasPrefix(start), "\(found)")
    }
}
