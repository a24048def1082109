// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a text's places cannot be filled.
struct GripFormatError: Error, Equatable, CustomStringConvertible {
    enum Fault: Error, Equatable {
        /// The text ends inside a directive.
        case unfinished
        /// The letter means nothing here.
        case unknownDirective(UInt8)
        /// What belongs there is not known.
        case missing(String)
        /// More than so many bytes come out.
        case tooLarge(Int)
    }

    let fault: Fault
    /// Where the directive begins: bytes from the start of the text; `nil` where it is about the whole.
    let offset: Int?

    init(_ fault: Fault, at offset: Int? = nil) {
        self.fault = fault
        self.offset = offset
    }

    var description: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        return switch fault {
        case .unfinished: "the directive\(place) has no end"
        case .unknownDirective(let letter) where (0x21...0x7E).contains(letter): "unknown directive '\(UnicodeScalar(letter))'\(place)"
        case .unknownDirective(let letter): "unknown directive (byte \(letter))\(place)"
        case .missing(let what): what + place
        case .tooLarge(let limit): "more than \(limit) bytes come out\(place)"
        }
    }
}
