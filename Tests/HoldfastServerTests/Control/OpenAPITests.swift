// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastTesting
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Testing
import Yams

@testable import HoldfastServer

/// openapi.yaml is written by hand; these keep it true.
@Suite struct OpenAPITests {
    @Test func listsExactlyTheRoutesOfTheRouter() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let hub = try await Hub(configuration: GatewayConfiguration(), broker: RecordingBroker(), loops: [group.next()]) { index, loop in
            HubShard(
                index: index, loop: loop, configuration: GatewayConfiguration(), shared: [], admission: .forTests, logger: .init(label: "test"))
        }
        let router = ControlServer.router(hub: hub, admission: .forTests)
        let served = Set(
            router.routes.filter { !$0.path.description.contains("**") && $0.path.description != "/" }.map {
                "\($0.method.rawValue) \($0.path.description)"
            })

        let text = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let methods = ["get", "put", "post", "delete"]
        let written = Set(paths.flatMap { path, item in item.keys.filter(methods.contains).map { "\($0.uppercased()) \(path)" } })
        #expect(served == written)
    }

    @Test func namesTheVersionOfThisBuild() {
        #expect(String(decoding: PackageResources.openapi_yaml, as: UTF8.self).contains("version: \(Version.number)"))
    }
}

extension NodeAdmission {
    static let forTests = NodeAdmission(GatewayConfiguration(), files: .init(connections: 1000, spare: 10, control: 10))
}
