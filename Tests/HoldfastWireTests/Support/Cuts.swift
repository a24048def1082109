// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The ways in which a network may cut a stream of bytes into reads.
enum Cuts {
    /// In two at every place, in three around every place, and byte by byte. From 800 bytes on: at every place near both ends, and at some between.
    static func all(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
        let count = bytes.count
        let places = (0...count).filter { count < 800 || $0 < 300 || $0 > count - 300 || $0.isMultiple(of: 9973) }
        var cuts = places.map { [bytes[..<$0], bytes[$0...]] }
        cuts += places.filter { $0 > 0 && $0 < count }.map { [bytes[..<($0 - 1)], bytes[($0 - 1)..<($0 + 1)], bytes[($0 + 1)...]] }
        cuts.append(bytes.indices.map { bytes[$0...$0] })
        return cuts
    }

    /// How a cut reads in a failure's message.
    static func name(_ cut: [ArraySlice<UInt8>]) -> String {
        cut.count > 3 ? "byte by byte" : "cut before \(cut.dropFirst().map { String($0.startIndex) }.joined(separator: " and "))"
    }
}
