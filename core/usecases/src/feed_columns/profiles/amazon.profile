# Products of Amazon: the sets of UCSD, of ESCI, and of common crawls.
told by parent_asin, title | asin, title | product_title, product_bullet_point | asin, productName | product_name, about_product

asin = product_id
parent_asin = product_id
product_id = product_id
title = name
productName = name
product_title = name
product_name = name
description = description
product_description = description
about_product = description
features = attributes
product_bullet_point = attributes
categories = main_category
category = main_category
main_category = main_category
store = brand
brand = brand
product_brand = brand
price = actual_price
listPrice = actual_price
actual_price = actual_price
discounted_price = discount_price
average_rating = ratings
rating = ratings
stars = ratings
rating_number = no_of_ratings
rating_count = no_of_ratings
reviews = no_of_ratings
images = image
imgUrl = image
img_link = image
productURL = link
product_link = link
product_color = attributes.color
