// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

/// Plays a transcript with a dialect and compares what it says.
struct TranscriptPlayer {
    private let transcript: Transcript
    private let make: ([String: String]) throws -> any Dialect
    private var dialect: any Dialect
    private var session = SessionView.sample()
    private var opening = OpeningRequest.sample()
    private var events: [SequencedEvent] = []
    private var response: HTTPResponseMessage?
    private var control: ControlRequest?
    private var results: [ActionResult] = []
    private var checks = 0

    /// - Parameter make: the dialect with these settings.
    static func play(_ transcript: Transcript, with make: @escaping ([String: String]) throws -> any Dialect) throws {
        var player = TranscriptPlayer(transcript: transcript, make: make, dialect: try make([:]))
        for section in transcript.sections {
            do {
                try player.play(section)
            } catch let error as TranscriptError {
                throw TranscriptError("\(transcript.name):\(section.line): \(error)")
            }
        }
        #expect(player.checks > 0, "\(transcript.name) says something")
    }

    private init(transcript: Transcript, make: @escaping ([String: String]) throws -> any Dialect, dialect: any Dialect) {
        self.transcript = transcript
        self.make = make
        self.dialect = dialect
    }

    private mutating func play(_ section: Transcript.Section) throws {
        switch section.name {
        case "settings": dialect = try make(Dictionary(uniqueKeysWithValues: try section.fields.map { ($0.name, $0.value) }))
        case "session": (session, opening) = try TranscriptWords.session(section.fields, of: dialect)
        case "events": events = try section.lines.map { try TranscriptWords.event($0, opening: opening) }
        case "response": (response, control) = (try TranscriptWords.response(section), nil)
        case "control": (control, results) = (try TranscriptWords.control(section), [])
        case "results": results = try section.lines.map(TranscriptWords.result)
        case "request": compare(TranscriptWords.text(of: dialect.request(for: events, in: session)), section.head, body: section.body, section)
        case "unasked": compare(unasked(), section.lines, section)
        case "access": compare(try access(), section.lines, section)
        case "actions": compare(try actions(), section.lines, section)
        case "error": compare(try error(), section.lines, section)
        case "reply": compare(try reply(), section.head, body: section.body, section)
        default: throw TranscriptError("no section is called \"\(section.name)\"")
        }
    }

    private func actions() throws -> [String] {
        let actions: [String]
        if let control {
            guard let command = dialect.command(from: control) else { return ["not ours"] }
            actions = command.steps.map(TranscriptWords.text)
        } else {
            guard let response else { throw TranscriptError("actions without a response or a control request") }
            actions = try dialect.actions(from: response, to: events, in: session).map(TranscriptWords.text)
        }
        return actions.isEmpty ? ["nothing"] : actions
    }

    private func unasked() -> [String] {
        guard let actions = dialect.unasked(events, in: session) else { return ["the app is asked"] }
        return actions.isEmpty ? ["nothing"] : actions.map(TranscriptWords.text)
    }

    private func access() throws -> [String] {
        guard let control, let command = dialect.command(from: control) else { throw TranscriptError("access without a control request") }
        switch command.access {
        case .controlToken: return ["controlToken"]
        case .judged: return ["judged"]
        case .barred: return ["barred"]
        case .signed: return ["signed"]
        }
    }

    private func error() throws -> [String] {
        guard let response else { throw TranscriptError("an error without a response") }
        do throws(DialectError) {
            let actions = try dialect.actions(from: response, to: events, in: session)
            return ["no error"] + actions.map(TranscriptWords.text)
        } catch {
            switch error.code {
            case .status(let status): return ["status \(status)", error.description]
            case .notUnderstood: return ["not understood", error.description]
            }
        }
    }

    private func reply() throws -> String {
        guard let control, let command = dialect.command(from: control) else { throw TranscriptError("a reply without a control request") }
        guard command.steps.count == results.count else { throw TranscriptError("\(command.steps.count) actions, \(results.count) results") }
        return TranscriptWords.text(of: command.reply(results))
    }

    private mutating func compare(_ said: [String], _ expected: [String], _ section: Transcript.Section) {
        checks += 1
        #expect(said == expected, "\(transcript.name):\(section.line)")
    }

    private mutating func compare(_ said: String, _ head: [String], body: String, _ section: Transcript.Section) {
        checks += 1
        #expect(said == (head + ["", body]).joined(separator: "\n"), "\(transcript.name):\(section.line)")
    }
}
