// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// One line of a `routes` file, understood.
struct PushpinRoute {
    enum Value: Equatable {
        case text(String)
        case list([String])
    }

    struct GripSetting: Equatable {
        let key: String
        let value: Value
    }

    let source: ConfigurationNode.Source
    /// `nil` for every host.
    let host: String?
    /// As our routes write it: `/api*`.
    let path: String
    /// `http` or `ws`; `nil` for both. No condition here.
    let proto: String?
    /// `yes` or `no`; `nil` for both. No condition here.
    let tls: String?
    /// The name that the line gives itself.
    let id: String?
    let target: String
    let grip: [GripSetting]

    /// Whether two lines do the same for the requests that they are for.
    func isSame(as other: PushpinRoute) -> Bool { target == other.target && grip == other.grip }

    /// What two lines must not share, for here they would be one route.
    var place: String { "\(host ?? "*")\(path)" }

    func node(name: String?) -> ConfigurationNode {
        func scalar(_ text: String) -> ConfigurationNode { ConfigurationNode(.scalar(text), source: source) }
        var route = ConfigurationNode(.map([]), source: source)
        if let name { route.set(["name"], scalar(name)) }
        if let host { route.set(["host"], scalar(host)) }
        route.set(["path"], scalar(path))
        route.set(["target"], scalar(target))
        for setting in grip {
            switch setting.value {
            case .text(let text): route.set(["grip", setting.key], scalar(text))
            case .list(let texts): route.set(["grip", setting.key], ConfigurationNode(.list(texts.map(scalar)), source: source))
            }
        }
        return route
    }
}
