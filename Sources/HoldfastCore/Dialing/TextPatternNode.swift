// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A regular expression as it was understood.
indirect enum TextPatternNode: Equatable, Sendable {
    /// A place in the text, without a scalar of its own.
    enum Anchor: Equatable, Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordEdge, noWordEdge
    }

    case empty
    case one(ScalarSet)
    case anchor(Anchor)
    case sequence([TextPatternNode])
    case choice([TextPatternNode])
    /// `most` is `nil` for any number.
    case times(TextPatternNode, least: Int, most: Int?)
}
