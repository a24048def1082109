// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What is said between Holdfast and an app in one dialect: a text file in `Transcripts/`, read from top to bottom like a play.
///
/// A line `== name` begins a section; lines with a number sign in front are for the reader. These set the scene for all that follows:
///
///     == settings        name: value, as the dialect's configuration has them
///     == session         id, direction, route, address, path, query, protocol; header, offers, state (k=v) and channel once for each;
///                        of GRIP the prefix ("…"), replayed (bytes); meta (k=v), filters (channel=names) and gap (channel=id) once for each
///     == events          SEQ open | text "…" | binary 00 01 | ping 00 | pong 00 | refresh | close CODE "reason" clean|failed|lost "error"
///                        | ready | ready "connection" FAILURES
///     == response        the app's answer: its status, its headers, an empty line, its body
///     == control         the app's request to the control port: method, path and query, headers (and `time`), an empty line, its body
///     == results         what became of its actions: done 1 | notFound | duplicate | full | refused | unreachable
///
/// And these are checked, each against what was set last:
///
///     == request         the webhook for the events: method and path suffix, headers, an empty line, its body
///     == actions         what the answer or the control request asks for, one action a line; "nothing"; "not ours"
///     == unasked         what the dialect itself answers to the events: actions, "nothing", or "the app is asked"
///     == access          who may ask for what the control request asks for: controlToken | judged | signed
///     == error           why the answer cannot be carried out
///     == reply           how the control request is answered: status, headers, content type, an empty line, its body
///
/// A body may be laid out on several lines: line breaks and the white space around them are not part of it. Bytes are written `<00 01>`.
/// A body of WebSocket events is text with the escapes `\r`, `\n`, `\\` and `\x00`, for in it line ends count.
struct Transcript: Sendable, CustomTestStringConvertible {
    struct Section: Sendable {
        let name: String
        let line: Int
        /// Without the white space around them.
        let lines: [String]

        /// Everything in front of the first empty line.
        var head: [String] { Array(lines.prefix { !$0.isEmpty }) }

        /// Everything behind it, in one.
        var body: String { lines.drop { !$0.isEmpty }.joined() }

        /// `name: value`, in order.
        var fields: [(name: String, value: String)] { get throws { try head.map(Self.field) } }

        static func field(_ line: String) throws -> (name: String, value: String) {
            guard let colon = line.firstIndex(of: ":") else { throw TranscriptError("\"\(line)\": expected name: value") }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
    }

    let name: String
    let sections: [Section]

    var testDescription: String { name }

    /// All the transcripts of one dialect.
    static func all(of dialect: String) throws -> [Transcript] {
        guard let folder = Bundle.module.url(forResource: "Transcripts", withExtension: nil)?.appending(path: dialect) else {
            throw TranscriptError("the transcripts are missing from the test bundle")
        }
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let transcripts = try files.filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }.map { file in
            Transcript(name: "\(dialect)/\(file.lastPathComponent)", text: try String(contentsOf: file, encoding: .utf8))
        }
        guard !transcripts.isEmpty else { throw TranscriptError("there is no transcript of \(dialect)") }
        return transcripts
    }

    init(name: String, text: String) {
        self.name = name
        var sections: [Section] = []
        var lines: [String] = []
        var title: (name: String, line: Int)?
        func finish() {
            while lines.last?.isEmpty == true { lines.removeLast() }
            if let title { sections.append(Section(name: title.name, line: title.line, lines: lines)) }
            lines = []
        }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("== ") {
                finish()
                title = (String(line.dropFirst(3)), index + 1)
            } else if !line.hasPrefix("#") {
                lines.append(line.trimmingCharacters(in: .whitespaces))
            }
        }
        finish()
        self.sections = sections
    }
}

/// A transcript that breaks the format.
struct TranscriptError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
