// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastBrokers
import HoldfastCore

/// The files of Pushpin as texts, and the paths in them.
enum PushpinFile {
    /// - Throws: ``ConfigurationFaults`` when the file cannot be read, or is no UTF-8.
    static func text(_ path: String) throws(ConfigurationFaults) -> String {
        do throws(WholeFile.Fault) { return try WholeFile.text(path) } catch {
            throw ConfigurationFaults([ConfigurationProblem(source: .file(path, line: 1), key: "(file)", message: error.description)])
        }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// The lines with their numbers, from 1, without line ends of either kind and without a byte order mark.
    static func lines(_ text: String) -> [(number: Int, text: String)] {
        var utf8 = text.utf8[...]
        if utf8.starts(with: [0xEF, 0xBB, 0xBF]) { utf8 = utf8.dropFirst(3) }
        return utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().map { index, line in
            (index + 1, String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self))
        }
    }

    /// A path that is written in a file: relative ones count from that file's folder.
    static func resolve(_ path: String, beside file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// A key as Pushpin writes it: `file:` and a path counts from the folder of the file that it is written in; all else is the key itself.
    static func key(_ text: String, beside file: String) -> String {
        guard text.hasPrefix("file:") else { return text }
        return "file:" + resolve(String(text.dropFirst(5)), beside: file)
    }
}
