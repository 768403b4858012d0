"""What the synthetic speakers say; ``|`` is where they may stop to think."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = (
    "I would like to book a table | for four people on Friday evening.",
    "Could you tell me | how long the museum is open today?",
    "My flight was cancelled, | so I need a room for one more night.",
    "The parcel that I ordered last week | has still not arrived.",
    "Is there a train | that gets me to Leeds before noon?",
    "I think I left my umbrella | in the meeting room upstairs.",
    "We are looking for something | that is suitable for children.",
    "When does the pharmacy | around the corner close?",
    "Please send the invoice | to my office and not to my home.",
    "Last time I was here | there was a small cafe by the entrance.",
    "I want to change my appointment | from Monday to Wednesday.",
    "What would it cost | to extend the contract by a year?",
    "The heating in my room | makes a strange noise at night.",
    "Can you recommend a place | where they serve vegetarian food?",
    "My sister told me | that you also repair old cameras.",
    "I have a question | about the bill that came this morning.",
    "If the weather is good | we will walk along the river.",
    "Do you know whether | the library has a quiet room?",
    "I tried to call you yesterday | but nobody answered.",
    "The doctor said that | I should come back in two weeks.",
    "It would be great | if somebody could carry my suitcase.",
    "How do I get | from the station to the harbour?",
    "We paid for breakfast | but it was not on the list.",
    "My name is spelled | with two letters l and one t.",
    "I forgot the password | for the account that I never use.",
    "Which of the two tickets | is valid on a Sunday?",
    "There was a mistake | in the address that I gave you.",
    "Tell me more | about the history of this building.",
    "I usually take the bus | but today I came by bicycle.",
    "Would it be possible | to see the doctor a bit earlier?",
    "He asked me | to pick up the keys at the front desk.",
    "The second floor is nice, | but I prefer a view of the garden.",
)
LISTS: Final = (
    ("milk", "butter", "a dozen eggs", "and bread"),
    ("five", "seven", "two", "nine", "one", "four"),
    ("oh", "two", "oh", "eight", "six", "three", "seven"),
    ("Monday", "Wednesday", "and Saturday morning"),
    ("a blue shirt", "two towels", "and a pair of shoes"),
    ("nine", "nine", "four", "one", "eight", "two", "six"),
    ("Paris", "Vienna", "Prague", "and then home"),
    ("one coffee", "one tea", "and a glass of water"),
    ("three", "one", "four", "one", "five", "nine"),
    ("my brother", "his wife", "and their two children"),
    ("eight", "zero", "zero", "five", "five", "three"),
    ("the kitchen", "the bathroom", "and the balcony"),
)
FILLERS: Final = ("um,", "uh,", "er,", "well,", "let me think,")
BACKCHANNELS: Final = ("mm-hmm.", "uh-huh.", "yeah.", "right.", "okay.", "I see.", "mm.", "yes.")
INTERRUPTIONS: Final = (
    "Wait, that is not what I meant.",
    "Stop, please.",
    "Hang on a second, I have a question.",
    "No, I meant the other one.",
    "Sorry, can I ask something?",
    "Excuse me, what does it cost?",
    "Hold on, say that again.",
    "Actually, I would rather do it tomorrow.",
    "Wait a minute.",
    "But what about my ticket?",
    "That's enough, thank you.",
    "Can you speak more slowly, please?",
    "I have already done that.",
    "What did you say about Friday?",
    "No no no, listen.",
    "Let me stop you there, I need the address.",
)
SIDE_TALK: Final = (
    "Did you feed the cat this morning?",
    "I put the boxes next to the door.",
    "We should leave before it gets dark.",
    "Have you seen my other glove?",
    "She said the meeting was moved to Tuesday.",
    "Close the window, it is getting cold.",
    "The neighbours are having a party tonight.",
    "Where did you park the car?",
)
STORY: Final = (
    "Let me tell you about the old lighthouse. "
    "It was built on a small island, about two miles from the coast. "
    "For a hundred years a family lived there and kept the lamp burning every night. "
    "In winter the sea was often so rough that no boat could land for weeks. "
    "The children learned to read from the labels of tins and from an old almanac. "
    "Today the lamp is electric and the house is a little museum. "
    "You can take a boat from the harbour at ten o'clock in the morning."
)
SHORT_REPLY: Final = "I see. Let me have a look at that for you."
