// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastBrokers
import HoldfastCore
import Yams

/// Reads a YAML file into a ``ConfigurationNode``, with the line of every value.
enum ConfigurationFile {
    /// - Throws: ``ConfigurationFaults`` when the file cannot be read or is not YAML.
    static func read(_ path: String) throws(ConfigurationFaults) -> ConfigurationNode {
        let text: String
        do throws(WholeFile.Fault) { text = try WholeFile.text(path) } catch { throw fault(path, 1, error.description) }
        do {
            guard let root = try Yams.compose(yaml: text) else { return ConfigurationNode(.map([]), source: .file(path, line: 1)) }
            return try convert(root, path)
        } catch let faults as ConfigurationFaults {
            throw faults
        } catch let error as YamlError {
            throw yamlFault(path, error)
        } catch {
            throw fault(path, 1, "\(error)")
        }
    }

    private static func convert(_ node: Node, _ file: String) throws(ConfigurationFaults) -> ConfigurationNode {
        let source = ConfigurationNode.Source.file(file, line: node.mark?.line ?? 1)
        switch node {
        case .scalar(let scalar): return ConfigurationNode(.scalar(scalar.string), source: source)
        case .sequence(let sequence):
            var items: [ConfigurationNode] = []
            for item in sequence { items.append(try convert(item, file)) }
            return ConfigurationNode(.list(items), source: source)
        case .mapping(let mapping):
            var entries: [ConfigurationNode.Entry] = []
            for (key, value) in mapping {
                guard let name = key.scalar?.string else { throw fault(file, key.mark?.line ?? 1, "a key that is not a word") }
                // A key without a value is as good as absent.
                if case .scalar(let scalar) = value, scalar.string.isEmpty || scalar.string == "null" || scalar.string == "~", scalar.style == .plain
                {
                    continue
                }
                var converted = try convert(value, file)
                converted = ConfigurationNode(converted.content, source: .file(file, line: key.mark?.line ?? 1))
                entries.append(ConfigurationNode.Entry(key: name, value: converted))
            }
            return ConfigurationNode(.map(entries), source: source)
        case .alias: throw fault(file, node.mark?.line ?? 1, "an alias that cannot be resolved")
        }
    }

    private static func fault(_ file: String, _ line: Int, _ message: String) -> ConfigurationFaults {
        ConfigurationFaults([ConfigurationProblem(source: .file(file, line: line), key: "(file)", message: message)])
    }

    private static func yamlFault(_ file: String, _ error: YamlError) -> ConfigurationFaults {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            fault(file, mark.line, "not YAML: \(problem) at column \(mark.column)")
        case .duplicatedKeysInMapping(let keys, let context):
            fault(file, context.mark.line, "the same key twice: \(keys.map(\.description).joined(separator: ", "))")
        default: fault(file, 1, "not YAML: \(error)")
        }
    }
}
