// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A regular expression that is searched for in a text.
///
/// The text is gone through once, whatever the pattern is: all ways of matching are followed side by side. So a pattern that somebody wrote
/// without care costs at most its size for each scalar of the text, and never keeps an event loop. The price is that groups cannot be referred
/// to, and that there is no looking ahead or behind.
package struct TextPattern: Sendable {
    /// The longest pattern, in bytes.
    package static let maxBytes = 500
    /// Steps of the longest program that a pattern may become; a counted repetition needs as many as it counts.
    package static let maxSteps = 1000

    private enum Step: Sendable {
        /// A scalar of this set, then the next step.
        case take(ScalarSet)
        case anchor(TextPatternNode.Anchor)
        case either(Int, Int)
        case jump(Int)
        case found
    }

    /// As it was written.
    package let text: String
    private var steps: [Step] = []

    /// - Throws: a ``TextPatternError`` that says what is wrong, and where.
    package init(_ text: String) throws(TextPatternError) {
        guard (1...Self.maxBytes).contains(text.utf8.count) else { throw TextPatternError("expected 1 to \(Self.maxBytes) bytes") }
        self.text = text
        try emit(try TextPatternReader.read(text))
        try append(.found)
    }

    // MARK: Compiling

    private mutating func append(_ step: Step) throws(TextPatternError) {
        guard steps.count < Self.maxSteps else { throw TextPatternError("too large: it needs more than \(Self.maxSteps) steps") }
        steps.append(step)
    }

    private mutating func emit(_ node: TextPatternNode) throws(TextPatternError) {
        switch node {
        case .empty: break
        case .one(let set): try append(.take(set))
        case .anchor(let anchor): try append(.anchor(anchor))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .choice(let branches): try emitChoice(branches[...])
        case .times(let inner, let least, let most): try emitTimes(inner, least, most)
        }
    }

    private mutating func emitChoice(_ branches: ArraySlice<TextPatternNode>) throws(TextPatternError) {
        var ends: [Int] = []
        for branch in branches.dropLast() {
            let fork = steps.count
            try append(.jump(0))
            try emit(branch)
            ends.append(steps.count)
            try append(.jump(0))
            steps[fork] = .either(fork + 1, steps.count)
        }
        if let last = branches.last { try emit(last) }
        for end in ends { steps[end] = .jump(steps.count) }
    }

    private mutating func emitTimes(_ inner: TextPatternNode, _ least: Int, _ most: Int?) throws(TextPatternError) {
        for _ in 0..<least {
            let before = steps.count
            try emit(inner)
            // What needs no step can be repeated for ever without effect.
            if steps.count == before { return }
        }
        guard let most else {
            let fork = steps.count
            try append(.jump(0))
            try emit(inner)
            try append(.jump(fork))
            steps[fork] = .either(fork + 1, steps.count)
            return
        }
        var forks: [Int] = []
        for _ in least..<most {
            forks.append(steps.count)
            try append(.jump(0))
            try emit(inner)
        }
        for fork in forks { steps[fork] = .either(fork + 1, steps.count) }
    }

    // MARK: Searching

    /// Whether it is found anywhere in the text.
    ///
    /// - Parameters:
    ///   - text: valid UTF-8; a scalar that is cut off at its end is left out.
    ///   - isWhole: whether the text ends there. Otherwise its end is no place where `$` could stand.
    package func isFound(in text: UnsafeRawBufferPointer, isWhole: Bool = true) -> Bool {
        var search = Search(stepCount: steps.count)
        var scalars = ScalarReader(text)
        var before: UInt32?
        var after = scalars.next()
        while true {
            if follow(from: 0, before: before, after: after, isWhole: isWhole, &search) { return true }
            guard let scalar = after else { return false }
            before = scalar
            after = scalars.next()
            search.advance()
            for index in 0..<search.waiting.count {
                guard case .take(let set) = steps[search.waiting[index]], set.contains(scalar) else { continue }
                if follow(from: search.waiting[index] + 1, before: before, after: after, isWhole: isWhole, &search) { return true }
            }
        }
    }

    /// Goes on from a step to all that take a scalar.
    ///
    /// - Returns: whether the end was reached.
    private func follow(from start: Int, before: UInt32?, after: UInt32?, isWhole: Bool, _ search: inout Search) -> Bool {
        search.open.append(start)
        while let step = search.open.popLast() {
            guard search.visits(step) else { continue }
            switch steps[step] {
            case .take: search.next.append(step)
            case .jump(let place): search.open.append(place)
            case .either(let one, let other):
                search.open.append(one)
                search.open.append(other)
            case .anchor(let anchor): if Self.holds(anchor, before, after, isWhole) { search.open.append(step + 1) }
            case .found: return true
            }
        }
        return false
    }

    private static func holds(_ anchor: TextPatternNode.Anchor, _ before: UInt32?, _ after: UInt32?, _ isWhole: Bool) -> Bool {
        let isEdge = (before.map(ScalarSet.words.contains) ?? false) != (after.map(ScalarSet.words.contains) ?? false)
        return switch anchor {
        case .textStart: before == nil
        case .textEnd: after == nil && isWhole
        case .lineStart: before == nil || before == 0x0A
        case .lineEnd: after == 0x0A || (after == nil && isWhole)
        case .wordEdge: isEdge
        case .noWordEdge: !isEdge
        }
    }

    /// The steps at which a search stands.
    private struct Search {
        /// Steps that take the scalar that comes now.
        var waiting: [Int] = []
        /// Steps that take the one behind it.
        var next: [Int] = []
        /// Steps that are still to be followed.
        var open: [Int] = []
        private var round = 1
        private var lastVisit: [Int]

        init(stepCount: Int) { lastVisit = Array(repeating: 0, count: stepCount) }

        mutating func advance() {
            swap(&waiting, &next)
            next.removeAll(keepingCapacity: true)
            round += 1
        }

        /// Whether the step was not followed yet at this place of the text.
        mutating func visits(_ step: Int) -> Bool {
            guard lastVisit[step] != round else { return false }
            lastVisit[step] = round
            return true
        }
    }

    /// The scalars of valid UTF-8, one after the other.
    private struct ScalarReader {
        private let bytes: UnsafeRawBufferPointer
        private var place = 0

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func next() -> UInt32? {
            guard place < bytes.count else { return nil }
            let first = UInt32(bytes[place])
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            guard place + length <= bytes.count else {
                place = bytes.count
                return nil
            }
            var value = length == 1 ? first : first & (0x7F >> UInt32(length))
            for index in 1..<max(length, 1) { value = value << 6 | UInt32(bytes[place + index] & 0x3F) }
            place += length
            return value
        }
    }
}
