// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Texts that are JSON and texts that are not, written for these tests after the grammar of RFC 8259.
enum JSONSamples {
    static let valid: [Raw] = [
        // Values alone.
        "null", "true", "false", "0", "\"\"", "[]", "{}", "\"a\"", "-1", " null ", "\t\r\n 1 \n\r\t",
        // Numbers.
        "-0", "10", "1234567890", "0.0", "0.5", "-0.5", "1.000", "1e1", "1E1", "1e+1", "1e-1", "0e0", "0E+0", "-0.0e-0", "1.5e10", "123.456E-007",
        "1e00",
        "9007199254740993", "-9223372036854775808",
        // Strings.
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\u00e9\\u00E9\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"",
        "\"\\uFFFF\"",
        "\"é€😀\"", "\"\u{7F}\"", "\"\u{2028}\u{2029}\"", "\"/\"", "\"'\"", "\"{[]}:,\"", "\"\\u005C\"", "\"\\udbff\\udfff\"", "\"\u{FEFF}\"",
        // Arrays.
        "[1]", "[1,2]", "[ 1 , 2 ]", "[[]]", "[[],[]]", "[null,true,false,0,\"\",[],{}]", "[\n]", "[1\n,\r2\t]", "[[[[1]]]]",
        // Objects.
        "{\"a\":1}", "{\"a\":1,\"b\":2}", "{ \"a\" : 1 , \"b\" : 2 }", "{\"\":0}", "{\"a\":{}}", "{\"a\":{\"a\":{\"a\":null}}}", "{\"a\":1,\"a\":2}",
        "{\"\\u0061\":1}", "{\"é\":\"é\"}", "{\n}", "{\"a\":[{\"b\":[]}]}", "[{\"a\":1},{\"a\":2}]",
    ]

    static let invalid: [Raw] =
        [
            // Nothing, or too much.
            "", " ", "\n", "1 2", "null null", "[] []", "{}{}", "[],", ",", "1,", "{} x", "[]]", "{}}", "\"a\"b", "nullx", "null\0", "\u{C}1",
            "\u{A0}1", "1\u{2028}", "\u{B}null",
            // Words.
            "nul", "nulll", "Null", "NULL", "tru", "truth", "True", "fals", "False", "n", "t", "f", "undefined", "NaN", "nan", "Infinity",
            "-Infinity", "None",
            // Numbers.
            "-", "+1", "01", "-01", "00", "1.", ".1", "-.1", "1.e1", "1e", "1E", "1e+", "1e-", "1e1.5", "1.2.3", "0x1", "0b1", "1_000", "1,000", "1a",
            "--1",
            "-a", "0e", "0e+", "1e+-1", "- 1", "1 .5", "1ee1", "1f", "1\0", "٣", "１", "1/2", "-NaN", "1.5.",
            // Strings.
            "\"", "\"a", "'a'", "`a`", "a", "\"\\\"", "\"\\", "\"\\a\"", "\"\\x41\"", "\"\\0\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"",
            "\"\\u123g\"", "\"\\u 123\"", "\"\\u+123\"", "\"\\U0041\"", "\"\\'\"", "\"\n\"", "\"\r\"", "\"\t\"", "\"\0\"", "\"\u{1F}\"", "\"a\nb\"",
            "\"é\n\"",
            "\"\\n\n\"", "\"\\é\"", "\"\\u00é\"", "\"\\u004", "\"\\uＡ123\"", "\"\"\"", "\"\\\n\"",
            // Surrogates.
            "\"\\ud800\"", "\"\\udfff\"", "\"\\ud83d\\ud83d\"", "\"\\ude00\\ud83d\"", "\"\\ud83dx\"", "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"",
            "\"\\ud83d\\\"",
            "\"\\ud83d\\u\"", "\"\\ud83d\\ude0\"", "\"a\\udc00\"", "\"\\ud83d\\ude00\\ud83d\"", "\"\\ud83d\"",
            // Arrays.
            "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1;2]", "[1:2]", "[1}", "[[]", "[\"a\"", "[a]", "[1,\n", "[}", "(1)",
            "[1]]", "[-]",
            "[...]", "[1,2,3",
            // Objects.
            "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{,\"a\":1}", "{\"a\"}", "{\"a\":}", "{:1}", "{a:1}",
            "{'a':1}",
            "{1:1}", "{null:1}", "{\"a\" 1}", "{\"a\"=1}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "{\"a\":1]", "{\"a\"::1}", "{\"a\":1;}",
            "{[]:1}",
            "{\"a\":1,\"b\"}", "{{}}", "{\"a\",1}", "{\"a", "{\"\\ud800\":1}", "{\"a\":1 , }",
            // Comments and other dialects.
            "/**/1", "1//x", "1 /* x */", "#x\n1", "[1,/*2*/3]", "{\"a\":1,//x\n\"b\":2}", "[1,2,3,]", "{\"a\":0x10}", "<a/>", "[\"a\",\n]",
            "\\u006eull", "@",
        ] + notUTF8 + otherEncodings

    /// Bytes that no text in UTF-8 holds, in strings and elsewhere.
    static let notUTF8: [Raw] = [
        Raw([0x22, 0xFF, 0x22]), Raw([0x22, 0x80, 0x22]), Raw([0x22, 0xC0, 0x80, 0x22]), Raw([0x22, 0xE2, 0x82, 0x22]),
        Raw([0x22, 0xED, 0xA0, 0x80, 0x22]),
        Raw([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22]), Raw([0x22, 0xC3, 0x22]), Raw([0x22, 0x5C, 0x6E, 0xFF, 0x22]), Raw([0x22, 0xFF, 0x5C, 0x6E, 0x22]),
        Raw([0x22, 0xC3, 0x5C, 0x6E, 0x22]), Raw([0x22, 0xE9, 0x22]), Raw([0xFF]), Raw([0x5B, 0xFF, 0x5D]), Raw([0x31, 0xC3, 0xA9]),
        // An emoji whose halves were each encoded as if they were characters.
        Raw([0x22, 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80, 0x22]),
    ]

    /// JSON in another encoding than UTF-8, or with a byte order mark.
    static let otherEncodings: [Raw] = [Raw([0xFF, 0xFE, 0x31, 0x00]), Raw([0x31, 0x00]), Raw([0x00, 0x31]), "\u{FEFF}null"]

    static func nested(_ depth: Int, open: String = "[", core: String = "", close: String = "]") -> [UInt8] {
        Array((String(repeating: open, count: depth) + core + String(repeating: close, count: depth)).utf8)
    }
}
