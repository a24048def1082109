// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What one node keeps of another's connection, to tell its app of the end.
///
/// Never a crash: not when it is read, nor when the end is told in any dialect. What is read can be written, and reads the same.
enum SessionRecords {
    static let target = FuzzTarget(name: "SessionRecords", maxLength: 512) { input in
        let given = ConnectionRecord(id: Answers.session.facts.id, bytes: .amid(input.rest, noise: "\u{1}\u{2}n1"))
        let route = SessionRecord.route(of: given)
        guard let record = SessionRecord(given) else { return }
        claim(route == record.facts.route, "\(route ?? "no route"), then \(record.facts.route)")
        guard let written = record.encoded else { fatalError("too large when written again") }
        claim(written.id == given.id, "\(written.id)")
        // A length may have been longer than it needs to be.
        claim(written.bytes.readableBytes <= given.bytes.readableBytes, "written as \(shown(written.bytes.readableBytesView))")
        claim(SessionRecord(written)?.encoded == written, "written as \(shown(written.bytes.readableBytesView))")
        let events = [SequencedEvent(seq: SessionRecord.closingSeq, event: .end(record.ending))]
        for speaker in speakers { _ = speaker.request(for: events, in: record.session) }
    }

    private static let speakers = DialectName.allCases.map {
        RouteConfiguration(name: "default", path: .all, dialect: $0, target: TargetURL("http://app.example/hook")).speaker
    }
}
