// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Understands a regular expression: the part of the usual syntax that can be matched in one pass.
struct TextPatternReader {
    private struct Flags {
        var ignoresCase = false
        /// `^` and `$` stand at the ends of lines too.
        var lines = false
        /// A dot is a line feed too.
        var dotAll = false
    }

    /// Groups within groups.
    private static let maxDepth = 50
    /// Of one quantifier.
    private static let maxTimes = 1000

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0
    private var flags = Flags()

    static func read(_ text: String) throws(TextPatternError) -> TextPatternNode {
        var reader = TextPatternReader(text)
        let node = try reader.choice()
        guard reader.next == nil else { throw reader.fault("a ) without its (") }
        return node
    }

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private func fault(_ what: String, at place: Int? = nil) -> TextPatternError {
        TextPatternError("\(what), at character \((place ?? self.place) + 1)")
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        place += 1
        return true
    }

    private mutating func choice() throws(TextPatternError) -> TextPatternNode {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(TextPatternError) -> TextPatternNode {
        var parts: [TextPatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let start = place
            place += 1
            let atom = try self.atom(scalar, at: start)
            parts.append(try quantified(atom))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func atom(_ scalar: Unicode.Scalar, at start: Int) throws(TextPatternError) -> TextPatternNode {
        switch scalar {
        case ".": return .one(flags.dotAll ? .everything : ScalarSet.lineFeed.inverted)
        case "^": return .anchor(flags.lines ? .lineStart : .textStart)
        case "$": return .anchor(flags.lines ? .lineEnd : .textEnd)
        case "(": return try group(at: start)
        case "[": return .one(try brackets(at: start))
        case "*", "+", "?": throw fault("\(scalar) has nothing in front of it to repeat", at: start)
        case "\\":
            guard let letter = next else { throw fault("a \\ at the end", at: start) }
            place += 1
            switch letter {
            case "b": return .anchor(.wordEdge)
            case "B": return .anchor(.noWordEdge)
            case "A": return .anchor(.textStart)
            case "z": return .anchor(.textEnd)
            default: return .one(cased(try escape(letter, at: start)))
            }
        default: return .one(cased(ScalarSet(scalar.value)))
        }
    }

    private func cased(_ set: ScalarSet) -> ScalarSet { flags.ignoresCase ? set.ignoringCase : set }

    // MARK: Quantifiers

    private mutating func quantified(_ atom: TextPatternNode) throws(TextPatternError) -> TextPatternNode {
        var node = atom
        let start = place
        if take("*") {
            node = .times(atom, least: 0, most: nil)
        } else if take("+") {
            node = .times(atom, least: 1, most: nil)
        } else if take("?") {
            node = .times(atom, least: 0, most: 1)
        } else if let (least, most) = try counts() {
            node = .times(atom, least: least, most: most)
        } else {
            return atom
        }
        // Which of several matches is taken does not matter where the question is whether there is one.
        _ = take("?")
        if let scalar = next, "*+?".unicodeScalars.contains(scalar) { throw fault("a second quantifier", at: place) }
        if next == "{", place > start, try counts() != nil { throw fault("a second quantifier", at: start) }
        return node
    }

    /// `{2}`, `{2,}`, `{2,5}`; a brace that begins none of these is itself.
    private mutating func counts() throws(TextPatternError) -> (Int, Int?)? {
        guard next == "{", let end = scalars[place...].firstIndex(of: "}") else { return nil }
        let start = place
        let parts = scalars[(place + 1)..<end].split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).map {
            String(String.UnicodeScalarView($0))
        }
        func isNumber(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard isNumber(parts[0]), parts.count == 1 || parts[1].isEmpty || isNumber(parts[1]) else { return nil }
        let least = Int(parts[0]) ?? .max
        let most: Int? = parts.count == 1 ? least : parts[1].isEmpty ? nil : Int(parts[1]) ?? .max
        guard least <= Self.maxTimes, most ?? least <= Self.maxTimes else { throw fault("more than \(Self.maxTimes) repetitions", at: start) }
        guard most ?? least >= least else { throw fault("fewer repetitions at most than at least", at: start) }
        place = end + 1
        return (least, most)
    }

    // MARK: Groups

    private mutating func group(at start: Int) throws(TextPatternError) -> TextPatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { throw fault("more than \(Self.maxDepth) groups within each other", at: start) }
        let outer = flags
        if take("?"), try isFlagsAlone(at: start) { return .empty }
        let inner = try choice()
        guard take(")") else { throw fault("a ( without its )", at: start) }
        flags = outer
        return inner
    }

    /// Reads what stands behind `(?`; `true` where that was the whole group, and its flags hold from here on.
    private mutating func isFlagsAlone(at start: Int) throws(TextPatternError) -> Bool {
        if take(":") { return false }
        let named = take("P")
        if take("<") {
            guard let first = next, first != "=", first != "!" else { throw fault(Self.noLooking, at: start) }
            guard let end = scalars[place...].firstIndex(of: ">") else { throw fault("a group's name without its >", at: start) }
            place = end + 1
            return false
        }
        guard !named, next != "=", next != "!" else { throw fault(named ? "expected (?P<name>…)" : Self.noLooking, at: start) }
        var isOn = true
        while let letter = next {
            place += 1
            switch letter {
            case "i": flags.ignoresCase = isOn
            case "m": flags.lines = isOn
            case "s": flags.dotAll = isOn
            case "-" where isOn: isOn = false
            case ":": return false
            case ")": return true
            default: throw fault("unknown flag \(letter); there are i, m and s", at: start)
            }
        }
        throw fault("a ( without its )", at: start)
    }

    private static let noLooking = "looking ahead or behind is not possible"

    // MARK: Classes

    private mutating func escape(_ letter: Unicode.Scalar, at start: Int) throws(TextPatternError) -> ScalarSet {
        switch letter {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .words
        case "W": return ScalarSet.words.inverted
        case "s": return .spaces
        case "S": return ScalarSet.spaces.inverted
        case "n": return ScalarSet(0x0A)
        case "r": return ScalarSet(0x0D)
        case "t": return ScalarSet(0x09)
        case "f": return ScalarSet(0x0C)
        case "v": return ScalarSet(0x0B)
        case "x": return ScalarSet(try hexadecimal(next == "{" ? nil : 2, at: start))
        case "u": return ScalarSet(try hexadecimal(next == "{" ? nil : 4, at: start))
        case "0"..."9": throw fault("\\\(letter) would be what a group matched before, which is not possible", at: start)
        case "a"..."z", "A"..."Z": throw fault("unknown escape \\\(letter)", at: start)
        default: return ScalarSet(letter.value)
        }
    }

    /// - Parameter count: of digits; `nil` for any number between braces.
    private mutating func hexadecimal(_ count: Int?, at start: Int) throws(TextPatternError) -> UInt32 {
        if count == nil { place += 1 }
        let digits = scalars[place...].prefix(count ?? 6).prefix { $0.isASCII && $0.properties.isASCIIHexDigit }
        place += digits.count
        guard digits.count == count ?? max(digits.count, 1), count != nil || take("}"),
            let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16), let scalar = Unicode.Scalar(value)
        else { throw fault("expected \\x7F, \\u007F or \\x{1F600}", at: start) }
        return scalar.value
    }

    /// What stands between square brackets.
    private mutating func brackets(at start: Int) throws(TextPatternError) -> ScalarSet {
        let isInverted = take("^")
        var set = ScalarSet([])
        var isFirst = true
        while let scalar = next, scalar != "]" || isFirst {
            isFirst = false
            let begin = place
            place += 1
            if scalar == "[", next == ":" {
                set = set.union(try named(at: begin))
                continue
            }
            let (low, one) = try member(scalar, at: begin)
            guard next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
                set = set.union(low)
                continue
            }
            place += 1
            let last = scalars[place]
            place += 1
            guard let from = one, let to = try member(last, at: place - 1).one, from <= to else { throw fault("not a range", at: begin) }
            set = set.union(ScalarSet([from...to]))
        }
        guard take("]") else { throw fault("a [ without its ]", at: start) }
        let cased = cased(set)
        return isInverted ? cased.inverted : cased
    }

    /// - Returns: the set, and its scalar where it holds one that can begin or end a range.
    private mutating func member(_ scalar: Unicode.Scalar, at start: Int) throws(TextPatternError) -> (set: ScalarSet, one: UInt32?) {
        guard scalar == "\\" else { return (ScalarSet(scalar.value), scalar.value) }
        guard let letter = next else { throw fault("a \\ at the end", at: start) }
        place += 1
        if letter == "b" { return (ScalarSet(0x08), 0x08) }
        let set = try escape(letter, at: start)
        return (set, "dDwWsS".unicodeScalars.contains(letter) ? nil : set.only)
    }

    /// `[:alpha:]` and its kind.
    private mutating func named(at start: Int) throws(TextPatternError) -> ScalarSet {
        let classes: [(String, [ClosedRange<UInt32>])] = [
            ("alpha", [0x41...0x5A, 0x61...0x7A]), ("digit", [0x30...0x39]), ("alnum", [0x30...0x39, 0x41...0x5A, 0x61...0x7A]),
            ("upper", [0x41...0x5A]), ("lower", [0x61...0x7A]), ("space", [0x09...0x0D, 0x20...0x20]), ("blank", [0x09...0x09, 0x20...0x20]),
            ("punct", [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]), ("xdigit", [0x30...0x39, 0x41...0x46, 0x61...0x66]),
            ("word", [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]),
        ]
        let rest = String(String.UnicodeScalarView(scalars[(place + 1)...].prefix(8)))
        guard let (name, ranges) = classes.first(where: { rest.hasPrefix("\($0.0):]") }) else {
            throw fault("unknown class; there are " + classes.map { "[:\($0.0):]" }.joined(separator: ", "), at: start)
        }
        place += name.unicodeScalars.count + 3
        return ScalarSet(ranges)
    }
}
