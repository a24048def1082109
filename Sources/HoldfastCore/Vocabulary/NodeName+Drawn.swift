// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension NodeName {
    /// A name for a process that was given none: its machine's name, so that people know where it runs, and letters that no other has.
    ///
    /// - Parameters:
    ///   - host: as the system calls the machine; its domain and what no name may hold are left out.
    ///   - random: any number, for the letters.
    package static func drawn(host: String, random: UInt64) -> NodeName {
        let label = host.prefix { $0 != "." }
        var name = String(decoding: label.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "-") }.prefix(48), as: UTF8.self)
        while name.hasSuffix("-") { name.removeLast() }
        while name.hasPrefix("-") { name.removeFirst() }
        var rest = random
        var letters: [UInt8] = []
        while letters.count < 6 {
            letters.append(UInt8(ascii: "a") + UInt8(rest % 26))
            rest /= 26
        }
        return NodeName(unchecked: "\(name.isEmpty ? "node" : name)-\(String(decoding: letters, as: UTF8.self))")
    }
}
