// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// A `routes` file of Pushpin as it is written: one route a line, not yet understood.
///
/// A line is a condition and its targets, with blanks between them. Each may have properties after commas: `name=value`, or a name alone. What
/// stands in double quotes is taken as it is; in them `\"` and `\\` are those characters. `#` outside of quotes begins a comment.
struct PushpinRoutes: Equatable, Sendable {
    struct Property: Equatable, Sendable {
        let name: String
        /// Empty for a name alone.
        let value: String
    }

    /// A condition or a target.
    struct Section: Equatable, Sendable {
        /// What stands before the first comma; empty where that is a property already.
        let value: String
        let properties: [Property]

        func has(_ name: String) -> Bool { properties.contains { $0.name == name } }

        /// Of a property that is there several times the last counts, as in Pushpin; `nil` when it is absent or empty.
        func text(_ name: String) -> String? {
            guard let value = properties.last(where: { $0.name == name })?.value, !value.isEmpty else { return nil }
            return value
        }

        func texts(_ name: String) -> [String] { properties.filter { $0.name == name }.map(\.value) }
    }

    struct Line: Equatable, Sendable {
        let number: Int
        let condition: Section
        /// At least one.
        let targets: [Section]
    }

    /// For messages.
    let file: String
    let lines: [Line]

    /// - Throws: ``ConfigurationFaults`` with every line that is not a route.
    static func parse(_ text: String, file: String) throws(ConfigurationFaults) -> PushpinRoutes {
        var lines: [Line] = []
        var problems: [ConfigurationProblem] = []
        for (number, text) in PushpinFile.lines(text) {
            var reader = PushpinRouteReader(text)
            do throws(PushpinRouteReader.Fault) {
                let sections = try reader.sections()
                guard let condition = sections.first else { continue }
                guard sections.count > 1 else {
                    throw PushpinRouteReader.Fault(message: "expected a condition and a target, such as * localhost:8000")
                }
                lines.append(Line(number: number, condition: condition, targets: Array(sections.dropFirst())))
            } catch {
                problems.append(ConfigurationProblem(source: .file(file, line: number), key: "", message: error.message))
            }
        }
        guard problems.isEmpty else { throw ConfigurationFaults(problems) }
        return PushpinRoutes(file: file, lines: lines)
    }

    /// - Throws: ``ConfigurationFaults`` when the file cannot be read, and as `parse`.
    static func read(_ path: String) throws(ConfigurationFaults) -> PushpinRoutes {
        try parse(try PushpinFile.text(path), file: path)
    }
}
