// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// The files of Pushpin as settings of ours. What a file or a flag of ours sets wins over them.
///
/// A setting keeps the file and line that it comes from, so that a fault that is found in it later names those.
enum PushpinImport {
    /// What `holdfast grip` begins with, as Pushpin does: clients on port 7999 of all addresses, publishers on port 5561 of this machine.
    static let defaults: [(key: String, value: String)] = [
        ("listen", ":7999"), ("control.listen", "127.0.0.1:5561"), ("dialect", "grip"), ("grip.sigIss", "pushpin"),
    ]

    /// Reads the files and applies them.
    ///
    /// - Parameters:
    ///   - routes: the path of the `routes` file; without it the one that `conf` names, if `root` has no routes of its own.
    ///   - conf: the path of `pushpin.conf`.
    /// - Returns: a sentence for each item that is not carried over.
    /// - Throws: ``ConfigurationFaults`` with the faults of both files. `root` is then as it was.
    static func read(routes: String?, conf: String?, into root: inout ConfigurationNode) throws(ConfigurationFaults) -> [String] {
        var problems: [ConfigurationProblem] = []
        var readConf: PushpinConf?
        var readRoutes: PushpinRoutes?
        do throws(ConfigurationFaults) { readConf = try conf.map(PushpinConf.read) } catch { problems += error.problems }
        do throws(ConfigurationFaults) {
            if let routes {
                readRoutes = try PushpinRoutes.read(routes)
            } else if root["routes"] == nil, let readConf, let item = readConf["proxy", "routesfile"] {
                let path = PushpinFile.resolve(item.value, beside: readConf.file)
                guard PushpinFile.exists(path) else {
                    throw ConfigurationFaults([ConfigurationProblem(source: item.source, key: item.key, message: "no such file: \(path)")])
                }
                readRoutes = try PushpinRoutes.read(path)
            }
        } catch {
            problems += error.problems
        }
        guard problems.isEmpty else { throw ConfigurationFaults(problems) }
        return try apply(routes: readRoutes, conf: readConf, to: &root)
    }

    /// Sets what the files say where `root` says nothing, then the ``defaults``.
    ///
    /// - Returns: a sentence for each item that is not carried over.
    /// - Throws: ``ConfigurationFaults`` with every item that is wrong. `root` is then as it was.
    static func apply(routes: PushpinRoutes?, conf: PushpinConf?, to root: inout ConfigurationNode) throws(ConfigurationFaults) -> [String] {
        var result = root
        var report = PushpinReport()
        if let conf { PushpinConfImport.apply(conf, to: &result, report: &report) }
        if let routes { apply(routes, to: &result, report: &report) }
        guard report.problems.isEmpty else { throw ConfigurationFaults(report.problems) }
        for (key, value) in defaults { setDefault(&result, key, ConfigurationNode(.scalar(value), source: .flag("holdfast grip"))) }
        root = result
        return report.notes
    }

    private static func apply(_ routes: PushpinRoutes, to root: inout ConfigurationNode, report: inout PushpinReport) {
        let start = ConfigurationNode.Source.file(routes.file, line: routes.lines.first?.number ?? 1)
        guard root["routes"] == nil else {
            report.note(start, "the routes of this file are not used: the app's URL, or routes in a file of ours, win over them")
            return
        }
        var places: [String: Int] = [:]
        var groups: [[PushpinRoute]] = []
        for line in routes.lines {
            guard let route = PushpinRouteImport.route(line, file: routes.file, report: &report) else { continue }
            guard let index = places[route.place] else {
                places[route.place] = groups.count
                groups.append([route])
                continue
            }
            let first = groups[index][0]
            if groups[index].contains(where: { $0.proto == route.proto && $0.tls == route.tls }) {
                report.note(route.source, "the route is not used: \(first.source) has the same condition, and the first one counts")
            } else if route.isSame(as: first) {
                groups[index].append(route)
            } else {
                let why = "only proto or ssl tells it from \(first.source), and neither is a condition here"
                report.note(route.source, "the route is not used: \(why)")
            }
        }
        for group in groups { noteConditions(group, &report) }
        // An empty list, rather than none, gives the fault that there are no routes its place.
        let nodes = named(groups, &report)
        root.set(["routes"], ConfigurationNode(.list(nodes), source: start))
    }

    /// Tells of a `proto` or `ssl` that no other line makes up for.
    private static func noteConditions(_ group: [PushpinRoute], _ report: inout PushpinReport) {
        let route = group[0]
        if let only = only(group.map(\.proto)) {
            let also = only == "ws" ? "other HTTP requests" : "WebSockets"
            report.note(route.source, "proto=\(only) is no condition here: \(also) for \(route.place) go to the same app")
        }
        if let only = only(group.map(\.tls)) {
            let others = only == "yes" ? "without" : "with"
            report.note(route.source, "ssl=\(only) is no condition here: clients \(others) TLS come to \(route.place) as well")
        }
    }

    /// The one word that all have; `nil` when one has none, or another.
    private static func only(_ words: [String?]) -> String? {
        guard let first = words[0], words.allSatisfy({ $0 == first }) else { return nil }
        return first
    }

    /// Names are unique here: an id that is taken gives way to the route's own place.
    private static func named(_ groups: [[PushpinRoute]], _ report: inout PushpinReport) -> [ConfigurationNode] {
        let ids = groups.map { $0.compactMap(\.id).first }
        // A route for every host needs none: it has its path.
        var names = Set(zip(groups, ids).filter { $0.1 == nil }.map { $0.0[0].host == nil ? $0.0[0].path : $0.0[0].place })
        return zip(groups, ids).map { group, id in
            let route = group[0]
            let place = route.host == nil ? nil : route.place
            guard let id else { return route.node(name: place) }
            if names.insert(id).inserted { return route.node(name: id) }
            report.note(route.source, "id=\(id) is not used: it is the name of another route already")
            return route.node(name: place)
        }
    }

    /// Sets a value where there is none yet. What is no map keeps the place of one, for its own fault to be told.
    ///
    /// - Returns: whether it was set.
    @discardableResult static func setDefault(_ root: inout ConfigurationNode, _ key: String, _ value: ConfigurationNode) -> Bool {
        root.setDefault(key, value)
    }
}
