// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// What an import has to say: what it does not carry over, and what is wrong. Values of keys are never shown.
struct PushpinReport {
    /// One sentence each, with file, line and item.
    private(set) var notes: [String] = []
    private(set) var problems: [ConfigurationProblem] = []

    mutating func note(_ source: ConfigurationNode.Source, _ sentence: String) { notes.append("\(source): \(sentence)") }

    /// A sentence that has its place already.
    mutating func note(_ sentence: String) { notes.append(sentence) }

    mutating func fault(_ source: ConfigurationNode.Source, _ key: String, _ message: String) {
        problems.append(ConfigurationProblem(source: source, key: key, message: message))
    }

    mutating func add(_ faults: ConfigurationFaults) { problems += faults.problems }

    /// One sentence for many items of the same kind, each with its line.
    mutating func note(_ items: [(name: String, source: ConfigurationNode.Source)], _ sentence: String) {
        var files: [String] = []
        var named: [String: [String]] = [:]
        for item in items {
            guard case .file(let file, let line) = item.source else { continue }
            if named[file] == nil { files.append(file) }
            named[file, default: []].append("\(item.name) (line \(line))")
        }
        for file in files { notes.append("\(file): \(named[file, default: []].joined(separator: ", ")): \(sentence)") }
    }
}
