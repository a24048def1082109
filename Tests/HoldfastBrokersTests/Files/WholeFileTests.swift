// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HoldfastBrokers

@Suite struct WholeFileTests {
    private func withFile(_ content: [UInt8], _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)").path
        try Data(content).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        try body(file)
    }

    private func fault(_ path: String, atMost limit: Int = 1 << 20) throws -> String {
        try #require(throws: WholeFile.Fault.self) { try WholeFile.text(path, atMost: limit) }.description
    }

    @Test("A file is read whole, whatever its size up to the limit", arguments: [0, 1, 65_536, 65_537, 1 << 20])
    func whole(_ size: Int) throws {
        let content = (0..<size).map { UInt8(0x30 + $0 % 10) }
        try withFile(content) { (file: String) throws in
            #expect(try WholeFile.bytes(file, atMost: 1 << 20) == content)
            #expect(try WholeFile.text(file).utf8.elementsEqual(content))
        }
    }

    @Test("What is not read is told with the reason")
    func reasons() throws {
        #expect(try fault("/nowhere/at/all") == "no such file")
        #expect(try fault("/") == "is a directory, and no file")
        try withFile([0x61, 0xFF, 0x62]) { (file: String) throws in
            #expect(try fault(file) == "cannot be read as UTF-8 text")
            #expect(try fault(file + "/x") == "cannot be read: Not a directory")
        }
        try withFile([UInt8](repeating: 0x61, count: 1 << 20 + 1)) { (file: String) throws in
            #expect(try fault(file) == "is larger than 1 MiB")
        }
    }

    @Test("So is one that is another's", .enabled(if: geteuid() != 0, "nothing is forbidden to root"))
    func forbidden() throws {
        try withFile([0x61]) { (file: String) throws in
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
            #expect(try fault(file) == "cannot be read: Permission denied")
        }
    }

    @Test("A device does not fill the memory")
    func endless() throws {
        #expect(try fault("/dev/zero") == "is larger than 1 MiB")
    }
}
