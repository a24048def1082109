// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A list that is written as it grows.
struct JSONList: Sendable, Hashable {
    /// The elements, each as JSON.
    private(set) var elements: [[UInt8]] = []

    mutating func append(_ element: [UInt8]) { elements.append(element) }

    mutating func insertFirst(_ element: [UInt8]) { elements.insert(element, at: 0) }

    /// An object with the list as its only member.
    func document(named name: String) -> [UInt8] {
        var json = JSONOutput()
        json.object { json in
            json.key(name)
            json.array { json in for element in elements { json.raw(element) } }
        }
        return json.bytes
    }
}
