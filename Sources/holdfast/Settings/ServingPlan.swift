// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastBrokers
import HoldfastCore

/// What a serving command is about to do: the configuration, and what the person who typed it should know.
struct ServingPlan {
    var configuration: GatewayConfiguration
    /// What it was read from: file, environment and flags in one.
    let root: ConfigurationNode
    var warnings: [String] = []

    /// Reads file, environment and flags.
    ///
    /// - Parameters:
    ///   - target: the app's URL from the command line: one route for every path.
    ///   - adjust: last changes to the tree, for a drop-in command's own variables.
    /// - Throws: ``ConfigurationFaults``, or a validation error where flags contradict each other.
    static func make(
        _ options: ServingOptions, target: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
        adjust: (inout ConfigurationNode) throws -> Void = { _ in }
    ) throws -> ServingPlan {
        let path = options.config ?? environment["HOLDFAST_CONFIG"]
        var file = try path.map(ConfigurationFile.read) ?? .empty
        if let target {
            guard file["routes"] == nil else {
                throw ValidationError("give either the app's URL or a file with routes, not both (\(target); \(path ?? ""))")
            }
            file.set(
                ["routes"],
                ConfigurationNode(
                    .list([
                        ConfigurationNode(
                            .map([.init(key: "target", value: ConfigurationNode(.scalar(target), source: .flag("URL")))]), source: .flag("URL"))
                    ]), source: .flag("URL")))
        }
        try adjust(&file)
        let layers = SettingLayers(flags: options.given, environment: environment)
        let root = try layers.over(file)
        var configuration = try GatewayConfiguration.read(root, brokerFaults: BrokerChoice.faults)
        if configuration.drawsNode {
            configuration.node = .drawn(host: HostName.current, random: .random(in: .min ... .max))
        }
        let warnings = layers.unknownVariables.map { unknown in
            "\(unknown.name) is no setting and is not read" + (unknown.meant.map { "; did you mean \($0)?" } ?? "")
        }
        return ServingPlan(configuration: configuration, root: root, warnings: warnings + openDoors(configuration))
    }

    /// Routes through which anyone may publish.
    private static func openDoors(_ configuration: GatewayConfiguration) -> [String] {
        configuration.routes.filter { $0.wsify.broadcastingKey.isEmpty }.compactMap(\.publishPath).map {
            "anyone who reaches the public port may publish by POST \($0): set wsify.broadcastingKey (holdfast wsify --broadcasting-key)"
        }
    }
}
