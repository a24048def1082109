// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import HoldfastCore

/// Puts flags over environment over file, and says of each value where it came from.
struct SettingLayers {
    private let flags: InMemoryProvider
    private let environment: [String: String]
    private let variables: EnvironmentVariablesProvider

    /// - Parameter flags: those that were given, by name without dashes.
    init(flags: [String: [String]], environment: [String: String] = ProcessInfo.processInfo.environment) {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for setting in Setting.all {
            guard let given = flags[setting.flag], let first = given.first else { continue }
            values[setting.key] = setting.isList ? ConfigValue(.stringArray(given), isSecret: false) : ConfigValue(.string(first), isSecret: false)
        }
        self.flags = InMemoryProvider(name: "flags", values: values)
        // A variable that is set but empty counts as absent: compose files do that.
        self.environment = environment.filter { !$0.value.isEmpty }
        variables = EnvironmentVariablesProvider(environmentVariables: self.environment)
    }

    /// The file's settings with those of the environment and the flags laid over them.
    func over(_ file: ConfigurationNode) throws -> ConfigurationNode {
        var root = file
        for setting in Setting.all {
            let layers: [(provider: any ConfigProvider, source: ConfigurationNode.Source)] = [
                (flags, .flag("--\(setting.flag)")), (variables, .environment(setting.variable)),
            ]
            for (provider, source) in layers {
                let found = try provider.value(forKey: setting.key, type: setting.isList ? .stringArray : .string)
                guard let value = found.value else { continue }
                root.set(setting.path, Self.node(value.content, source))
                break
            }
        }
        return root
    }

    /// Variables that look like settings and are none, each with the name that was probably meant.
    var unknownVariables: [(name: String, meant: String?)] {
        let known = Setting.all.map(\.variable) + Setting.otherVariables
        return environment.keys.filter { $0.hasPrefix("HOLDFAST_") && !known.contains($0) }.sorted().map { ($0, NearestName.of($0, among: known)) }
    }

    private static func node(_ content: ConfigContent, _ source: ConfigurationNode.Source) -> ConfigurationNode {
        switch content {
        case .stringArray(let values):
            ConfigurationNode(
                .list(values.map { ConfigurationNode(.scalar($0.trimmingCharacters(in: .whitespaces)), source: source) }), source: source)
        case .string(let value): ConfigurationNode(.scalar(value), source: source)
        default: preconditionFailure("only strings and lists of strings are asked for")
        }
    }
}

extension Setting {
    /// Under this key the environment's provider looks for ``variable``.
    fileprivate var key: AbsoluteConfigKey { AbsoluteConfigKey(["holdfast", flag]) }
}
