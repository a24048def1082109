// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// A `pushpin.conf` as it is written: values by section and key, not yet understood.
///
/// `[section]`, then lines of `key=value`. A line that begins with `#` or `;` is a comment, and `;` outside of quotes ends a value. Values may stand
/// in double quotes; `\"`, `\\`, `\n`, `\r` and `\t` are those characters. An empty value counts as absent.
struct PushpinConf: Sendable {
    struct Item: Equatable, Sendable {
        let section: String
        let key: String
        var value: String
        let source: ConfigurationNode.Source

        /// `[runner] http_port`.
        var name: String { "[\(section)] \(key)" }
    }

    /// Where Pushpin's own files are when `libdir` is not set, as Debian builds it.
    static let libraryFolder = "/usr/lib/pushpin"

    /// For messages, and for the paths in it.
    let file: String
    /// Each key of a section once, in the order of the file.
    private(set) var items: [Item] = []
    /// Keys that are there several times: the last one counts.
    private(set) var notes: [String] = []

    /// - Throws: ``ConfigurationFaults`` with every line that is neither a section nor a setting nor a comment.
    static func parse(_ text: String, file: String) throws(ConfigurationFaults) -> PushpinConf {
        var conf = PushpinConf(file: file)
        var problems: [ConfigurationProblem] = []
        var section: String?
        for (number, text) in PushpinFile.lines(text) {
            let source = ConfigurationNode.Source.file(file, line: number)
            do throws(PushpinConfLine.Fault) {
                switch try PushpinConfLine.read(text) {
                case .nothing: break
                case .section(let name): section = name
                case .setting(let key, let value):
                    guard let section else { throw PushpinConfLine.Fault(key: key, message: "stands outside of a section, such as [runner]") }
                    conf.add(Item(section: section, key: key, value: value, source: source))
                }
            } catch {
                problems.append(ConfigurationProblem(source: source, key: error.key, message: error.message))
            }
        }
        guard problems.isEmpty else { throw ConfigurationFaults(problems) }
        return conf
    }

    /// Reads the file, what it includes (one file, as Pushpin does) and puts folders in for `{libdir}` and the like.
    ///
    /// Pushpin's `internal.conf` wires its own processes and need not be there. Any other file that is included must.
    ///
    /// - Throws: ``ConfigurationFaults`` when a file cannot be read, and as `parse`.
    static func read(_ path: String) throws(ConfigurationFaults) -> PushpinConf {
        var conf = try parse(try PushpinFile.text(path), file: path)
        if let include = conf["global", "include"], let included = conf.includedFile {
            if PushpinFile.exists(included) {
                conf.include(try parse(try PushpinFile.text(included), file: included))
            } else if !included.hasSuffix("/internal.conf") {
                let message = "no such file: \(included)"
                throw ConfigurationFaults([ConfigurationProblem(source: include.source, key: "include", message: message)])
            }
        }
        conf.substitute()
        return conf
    }

    subscript(section: String, key: String) -> Item? { items.first { $0.section == section && $0.key == key && !$0.value.isEmpty } }

    /// The path of the file that is included; `nil` for none.
    var includedFile: String? {
        guard let value = self["global", "include"]?.value else { return nil }
        // Old files say only this, and mean the one that comes with Pushpin.
        return PushpinFile.resolve(substituted(value == "internal.conf" ? "{libdir}/internal.conf" : value), beside: file)
    }

    /// Takes over what this file does not say itself.
    mutating func include(_ other: PushpinConf) {
        let present = Set(items.map(\.name))
        items += other.items.filter { !present.contains($0.name) }
        notes += other.notes
    }

    /// Puts folders and names in for `{libdir}`, `{rundir}` and `{ipc_prefix}`.
    mutating func substitute() {
        let values = items.map { substituted($0.value) }
        for index in items.indices { items[index].value = values[index] }
    }

    private func substituted(_ value: String) -> String {
        guard value.contains("{") else { return value }
        return
            value
            .replacing("{libdir}", with: self["global", "libdir"]?.value ?? Self.libraryFolder)
            .replacing("{rundir}", with: (self["global", "rundir"] ?? self["runner", "rundir"])?.value ?? "")
            .replacing("{ipc_prefix}", with: self["global", "ipc_prefix"]?.value ?? "pushpin-")
    }

    private mutating func add(_ item: Item) {
        if let index = items.firstIndex(where: { $0.section == item.section && $0.key == item.key }) {
            notes.append("\(items[index].source): \(item.name) is set again further down; the last one counts")
            items[index] = item
        } else {
            items.append(item)
        }
    }
}
