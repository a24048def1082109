// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// A patch of a JSON document, both from an app: the document, a line end, the patch.
///
/// Never a crash. Never anything else than JSON, nor more of it than allowed. A change that is made twice by replacing is made once, and what a
/// patch made passes its own test.
enum Patches {
    static let target = FuzzTarget(name: "Patches", maxLength: 512) { input in
        var input = input
        let maxBytes = input.choice([1000, 1000, 64, 1 << 20])
        let parts = input.rest.split(separator: 0x0A, maxSplits: 1)
        guard parts.count == 2, let document = try? JSONReader.parse(.amid(parts[0])), let list = try? JSONReader.parse(.amid(parts[1])) else {
            return
        }
        do throws(JSONPatchError) {
            let changed = try JSONPatch(list).apply(to: document, maxBytes: maxBytes)
            claim(changed.readableBytes <= maxBytes, "\(changed.readableBytes) bytes, but \(maxBytes) are the limit")
            guard let value = try? JSONReader.parse(changed) else { return claim(false, "no JSON: \(shown(changed.readableBytesView))") }
            again(value, document)
        } catch {
            claim(!error.description.isEmpty, "an error that says nothing")
        }
    }

    /// Replaces the whole document by the value, and asks whether it is there.
    private static func again(_ value: JSONValue, _ document: JSONValue) {
        var json = JSONWriter()
        json.beginArray()
        for name in ["replace", "test"] {
            json.beginObject()
            json.key("op")
            json.string(name)
            json.key("path")
            json.string("")
            json.key("value")
            json.raw(value.source)
            json.endObject()
        }
        json.endArray()
        do throws(JSONPatchError) {
            guard let list = try? JSONReader.parse(json.buffer) else { return claim(nesting(value) + 2 > JSONReader.maxDepth, "no JSON") }
            let result = try JSONPatch(list).apply(to: document, maxBytes: 1 << 20)
            claim(result == value.source, "\(shown(value.source.readableBytesView)) became \(shown(result.readableBytesView))")
        } catch {
            claim(false, "\(error)")
        }
    }

    private static func nesting(_ value: JSONValue) -> Int {
        switch value.content {
        case .array(let values): 1 + (values.map(nesting).max() ?? 0)
        case .object(let members): 1 + (members.map { nesting($0.value) }.max() ?? 0)
        case .null, .bool, .number, .string: 0
        }
    }
}
